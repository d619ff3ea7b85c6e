"""The API of OpenAI, by OpenAI's own client."""

import io
from collections.abc import AsyncIterator
from typing import Final, Literal

import numpy as np
import openai
import pytest
import soundfile
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import SecretStr

from edge.api.web.openai.chat import Message, Threads
from edge.chunk import RATE, Pcm
from edge.home.demo import Behaviour
from edge.sections import ConfirmSettings
from edge.settings import Settings
from tests.sounds import Recognise, Say, nearest, quiet
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The front door is for who knows the PIN."""
    confirm = ConfirmSettings(unlock="pin", pin=SecretStr("4711"))
    return settings.model_copy(update={"confirm": confirm})


@pytest.fixture
async def client(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{served.address}/v1", api_key="none", max_retries=0) as client:
        yield client


def file(pcm: Pcm, form: str, subtype: str | None = None, rate: int = RATE) -> tuple[str, bytes]:
    written = io.BytesIO()
    samples = pcm if subtype != "FLOAT" else pcm.astype(np.float32) / 32768
    soundfile.write(written, samples, rate, format=form, subtype=subtype)
    return f"speech.{form.lower()}", written.getvalue()


# -- /v1/models -------------------------------------------------------------------------------------------------------


async def test_the_models_are_those_there_are(client: AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert names == ["hearthside", "moonshine-tiny-en", "piper-en_US-joe-medium"]
    assert (await client.models.retrieve("hearthside")).owned_by == "hearthside"
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        await client.models.retrieve("gpt-9")


# -- /v1/chat/completions ---------------------------------------------------------------------------------------------


async def test_a_chat_message_is_carried_out(client: AsyncOpenAI, served: Served) -> None:
    completion = await client.chat.completions.create(
        model="hearthside", messages=[{"role": "user", "content": "turn on the kitchen light"}], temperature=0.2
    )
    assert completion.choices[0].message.content == "Kitchen Light is on."
    assert served.home.state("kitchen_light")["state"] == "ON"


async def test_a_chat_that_is_streamed_says_the_same(client: AsyncOpenAI, served: Served) -> None:
    stream = await client.chat.completions.create(
        model="hearthside",
        messages=[{"role": "user", "content": [{"type": "text", "text": "turn on the bedroom light"}]}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Bedroom Light is on."
    assert served.home.state("bedroom_light")["state"] == "ON"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None


@pytest.mark.parametrize("confirm_s", [2.0])
async def test_what_is_not_confirmed_is_not_claimed(client: AsyncOpenAI, served: Served) -> None:
    served.home.behave("kitchen_light", Behaviour(stuck=True))
    completion = await client.chat.completions.create(
        model="hearthside", messages=[{"role": "user", "content": "turn on the kitchen light"}]
    )
    answer = completion.choices[0].message.content
    assert answer
    assert "is on" not in answer


async def test_a_question_is_answered_by_who_was_asked_alone(client: AsyncOpenAI, served: Served) -> None:
    async def say(messages: list[ChatCompletionMessageParam], *, streamed: bool = False) -> str:
        if not streamed:
            whole = await client.chat.completions.create(model="hearthside", messages=messages)
            return whole.choices[0].message.content or ""
        stream = await client.chat.completions.create(model="hearthside", messages=messages, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    first: ChatCompletionMessageParam = {"role": "user", "content": "unlock the front door"}
    asked = await say([first], streamed=True)
    assert "PIN" in asked
    pin: ChatCompletionMessageParam = {"role": "user", "content": "4711"}
    await say([pin])
    await say([first, {"role": "assistant", "content": "Something else."}, pin])
    assert served.home.state("front_door")["state"] == "LOCKED"
    await say([first, {"role": "assistant", "content": asked}, pin], streamed=True)
    assert served.home.state("front_door")["state"] == "UNLOCKED"


def test_whose_conversation_it_is() -> None:
    threads = Threads()
    begun = [Message(role="user", content="unlock the door")]
    session = threads.session("ann", [])
    threads.went_on("ann", begun, "The PIN, please.", session)
    said = [*begun, Message(role="assistant", content="The PIN, please.")]
    assert threads.session("bob", said) != session
    assert threads.session("ann", begun) != session
    assert threads.session("ann", said) == session
    assert threads.session("ann", said) != session, "an answer is given once"


async def test_what_is_wrong_is_told_in_the_shape_of_openai(client: AsyncOpenAI) -> None:
    hello = {"role": "user", "content": "hello"}
    for body, param in (
        ({"messages": []}, "messages"),
        ({"messages": [{**hello, "role": "assistant"}]}, "messages"),
        ({"messages": [{**hello, "content": "  "}]}, "messages"),
        ({"messages": [{**hello, "role": "nobody"}]}, "messages.0.role"),
        ({"messages": [hello], "n": 2}, "n"),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.post("/chat/completions", body=body, cast_to=object)
        assert (caught.value.param, caught.value.type) == (param, "invalid_request_error")


# -- /v1/audio/transcriptions -----------------------------------------------------------------------------------------


FILES: Final = (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", None), ("OGG", "OPUS"), ("MP3", None))


async def test_sound_files_are_written_down(client: AsyncOpenAI, say: Say) -> None:
    sound = np.concatenate([quiet(0.5), say("Close the kitchen windows."), quiet(0.5)])
    for form, subtype in FILES:
        heard = await client.audio.transcriptions.create(model="whisper-1", file=file(sound, form, subtype))
        assert heard.text.lower().strip(" .") == "close the kitchen windows", (form, subtype)


async def test_long_sound_is_heard_to_its_end_and_silence_is_nothing(client: AsyncOpenAI, say: Say) -> None:
    said = ["It is a quarter past seven.", "Close the kitchen windows.", "The train leaves from platform nine."]
    stereo = np.concatenate([np.concatenate([quiet(9.0), say(sentence)]) for sentence in said])[:, None].repeat(
        2, axis=1
    )
    heard = await client.audio.transcriptions.create(
        model="whisper-1", file=file(stereo, "FLAC"), response_format="verbose_json", language="en"
    )
    assert heard.duration == pytest.approx(len(stereo) / RATE, abs=0.01)
    assert heard.segments is not None
    assert len(heard.segments) == 3
    for segment, words in zip(heard.segments, ("seven", "windows", "platform"), strict=True):
        assert words in segment.text.lower()
        assert segment.end - segment.start < 4
    nothing = await client.audio.transcriptions.create(
        model="whisper-1", file=file(quiet(3.0), "WAV"), response_format="text"
    )
    assert nothing.strip() == ""


async def test_what_cannot_be_heard_is_refused(client: AsyncOpenAI) -> None:
    for content, language, param in (
        (b"no sound", openai.omit, "file"),
        (b"", openai.omit, "file"),
        (file(np.zeros((100, 9), np.int16), "WAV")[1], openai.omit, "file"),
        (file(quiet(0.1), "WAV", rate=300)[1], openai.omit, "file"),
        (file(quiet(0.1), "WAV")[1], "de", "language"),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.audio.transcriptions.create(model="whisper-1", file=("speech.wav", content), language=language)
        assert caught.value.param == param


# -- /v1/audio/speech -------------------------------------------------------------------------------------------------


async def test_text_is_spoken(client: AsyncOpenAI, recognise: Recognise) -> None:
    forms: tuple[Literal["wav", "flac", "opus", "mp3", "pcm"], ...] = ("wav", "flac", "opus", "mp3", "pcm")
    for form in forms:
        spoken = await client.audio.speech.create(
            model="tts-1", voice="alloy", input="The kitchen light is on.", response_format=form
        )
        if form == "pcm":
            pcm, rate = np.frombuffer(spoken.content, "<i2"), 24_000
        else:
            pcm, rate = soundfile.read(io.BytesIO(spoken.content), dtype="int16")
        assert rate in (24_000, 48_000)
        assert nearest(recognise(pcm, rate)) == "The kitchen light is on.", form


async def test_what_it_cannot_speak_is_refused(client: AsyncOpenAI) -> None:
    for wrong, param in (
        ({"response_format": "aac"}, "response_format"),
        ({"speed": 2.0}, "speed"),
        ({"input": ""}, "input"),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.post("/audio/speech", body={"input": "Hello.", "model": "tts-1", **wrong}, cast_to=object)
        assert caught.value.param == param
