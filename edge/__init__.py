"""The on-device runtime of Hearthside: hear, understand, act, answer."""
