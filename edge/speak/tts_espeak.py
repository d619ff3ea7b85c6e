"""espeak-ng: formant synthesis in a few megabytes, rough to the ear, in over a hundred languages.

Source: https://github.com/espeak-ng/espeak-ng, its C interface ``speak_lib.h``. The library and its data come inside
``piper-tts``, which has its phonemes from it: docs/decisions/0081.
"""

import _ctypes
import ctypes
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from edge.chunk import Pcm
from edge.errors import EngineError, SettingsError

_LIBRARY: Final = "espeakbridge.so"
_DATA: Final = "espeak-ng-data"
_RATE: Final = 22_050
"""Samples a second of all its own voices; what it says of itself is checked against that."""
_SYNCHRONOUS: Final = 2
"""``AUDIO_OUTPUT_SYNCHRONOUS``: the call returns when the sound is made; nothing is played."""
_DONT_EXIT: Final = 0x8000
"""``espeakINITIALIZE_DONT_EXIT``: without its data it says so, instead of ending the process."""
_UTF8: Final = 1
"""``espeakCHARS_UTF8``."""
_RATE_PARAMETER: Final = 1
"""``espeakRATE``."""
_WORDS_PER_MINUTE: Final = 150
"""At its own 175, a recogniser takes "is on" for "lighted", and people ask again."""
_PIECE_MS: Final = 200
"""Of sound, between two calls back."""

_Take = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakTts:
    """One voice."""

    rate = _RATE
    computes = True

    def __init__(self, library: "_Copy", volume: float) -> None:
        self._copy, self._library, self._volume = library, library.functions, volume
        self._pieces: list[Pcm] = []
        self._take = _Take(self._taken)  # as long as the library may call it
        self._library.espeak_SetSynthCallback(self._take)
        self._library.espeak_SetParameter(_RATE_PARAMETER, _WORDS_PER_MINUTE, 0)

    def synthesize(self, sentence: str) -> Pcm:
        """Returns int16, mono, at ``rate``; empty when there is nothing to pronounce. Raises EngineError."""
        text = sentence.encode().replace(b"\0", b"")
        failed = self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None)
        pieces, self._pieces = self._pieces, []
        if failed:
            raise EngineError(f"espeak-ng could not speak (error {failed})", "report it, with the sentence")
        if not pieces:
            return np.zeros(0, np.int16)
        sound: Pcm = np.rint(np.concatenate(pieces) * self._volume).astype(np.int16)
        return sound

    def close(self) -> None:
        """Free the library with all that it holds."""
        self._copy.close()

    def _taken(self, sound: "ctypes._Pointer[ctypes.c_short]", count: int, _: int | None) -> int:
        # Without sound, it only tells that the sentence is over.
        if sound and count:
            self._pieces.append(np.ctypeslib.as_array(sound, (count,)).copy())
        return 0


class _Copy:
    """The library keeps everything in global variables, and Piper, or another voice of ours, uses them in another
    thread: so each voice loads it once more. The loader tells libraries apart by their name and inode.
    """

    def __init__(self, file: Path) -> None:
        """Raises EngineError."""
        self._file = os.memfd_create("espeak-ng")
        try:
            with file.open("rb") as library:
                while os.sendfile(self._file, library.fileno(), None, 1 << 24):
                    pass
            # The file stays open, so that no two that are in use have the same name.
            self.functions = _typed(ctypes.CDLL(f"/proc/self/fd/{self._file}"))
        except (OSError, AttributeError) as error:
            os.close(self._file)
            raise EngineError(f"espeak-ng can't be loaded ({error})", "install piper-tts anew") from error

    def close(self) -> None:
        """Once."""
        self.functions.espeak_Terminate()
        _ctypes.dlclose(self.functions._handle)
        os.close(self._file)


def build(voice: str, volume: float) -> EspeakTts:
    """``voice``: as espeak-ng names it, a language or one with a variant: ``de``, ``en-us+f3``. Raises SettingsError
    where there is no such voice, EngineError where the library is not what it is expected to be.
    """
    folder = _folder()
    copy = _Copy(folder / _LIBRARY)
    rate = copy.functions.espeak_Initialize(_SYNCHRONOUS, _PIECE_MS, os.fsencode(folder), _DONT_EXIT)
    if rate != _RATE:
        copy.close()
        raise EngineError(f"espeak-ng has no data in {folder / _DATA}", "install piper-tts anew")
    if copy.functions.espeak_SetVoiceByName(voice.encode()):
        copy.close()
        raise SettingsError(f"espeak-ng has no voice {voice!r}", "set speak.voice to a language, such as en-us or de")
    return EspeakTts(copy, volume)


def _folder() -> Path:
    """Where Piper has it; found without importing Piper, which takes some 30 MB."""
    spec = find_spec("piper")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_SetSynthCallback.argtypes = [_Take]
    return library
