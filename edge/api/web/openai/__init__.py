"""The API of OpenAI over this assistant's own engines, for programs that know no other.

Source: https://platform.openai.com/docs/api-reference. Nothing of it goes anywhere but to this machine.
"""
