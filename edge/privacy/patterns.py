"""What personal data look like, but for names: by their own check digits where they have some."""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]

LINK: Final = re.compile(
    # With something in it that is meant for one person: a query, a user, or a long part with digits in it.
    r"\b(?:https?://|www\.)[^\s<>\"]*(?:[?#@=]|/(?=[\w-]*\d)[\w-]{16,})[^\s<>\"]*(?<![.,!?;:)])",
    re.I,
)
EMAIL: Final = re.compile(
    r"[\w.+-]+@\w[\w-]*(?:\.\w[\w-]*)+"
    # Spoken: "anna dot berg at example dot com".
    r"|\b\w+(?: (?:dot|punkt|point|punto|punt) \w+)*"
    r" (?:at|ät|arobase|arroba|chiocciola|apenstaartje) \w+(?: (?:dot|punkt|point|punto|punt) \w+)*"
    r" (?:dot|punkt|point|punto|punt) (?:com|org|net|eu|uk|de|at|ch|fr|be|es|it|nl|io)\b",
    re.I,
)
_DIGIT_WORDS: Final = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|"
    "null|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun|"
    "zéro|un|deux|trois|quatre|cinq|sept|huit|neuf|"
    "cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|"
    "due|tre|quattro|cinque|sei|sette|otto|nove|"
    "nul|een|één|twee|drie|vijf|zes|zeven|negen"
)
_CODE_WORDS: Final = (
    r"pin(?:[ -]?(?:code|number|nummer|kode))?|(?:access |door |alarm |entry |security |gate |lock |safe )?code"
    r"|geheimzahl|(?:zugangs|tür|tor|alarm|sicherheits)code|code (?:secret|d'accès|de la porte|de l'alarme)"
    r"|(?:código|clave)(?: de (?:acceso|la puerta|la alarma|seguridad))?|codice(?: di accesso| della porta| segreto)?"
    r"|(?:toegangs|deur|alarm)code"
)
_IS: Final = r"(?: (?:is|are|ist|lautet|est|es|è|e|zijn|to|of|number|auf|à|a|op))*[:=]?"
SECRETS: Final = (
    re.compile(
        # "Error code 404" and its like are nobody's secret.
        r"(?<!error )(?<!status )(?<!exit )(?<!area )(?<!country )(?<!source )(?<!zip )(?<!dress )(?<!erreur )"
        r"(?<!fehler)"
        rf"\b(?:{_CODE_WORDS}){_IS} "
        rf"(?P<secret>\d(?:[ -]?\d){{2,11}}|(?:{_DIGIT_WORDS})(?: (?:{_DIGIT_WORDS})){{2,11}})\b",
        re.I,
    ),
    re.compile(
        r"\b(?:password|passphrase|passwort|kennwort|mot de passe|contraseña|parola d'ordine|wachtwoord)"
        r"(?: (?:for|für|du|de la|del|della|van) \w+(?: \w+)?)?(?: (?:is|ist|lautet|est|es|è)|:) "
        r"(?P<secret>(?!(?:not|nicht|pas|no|non|niet|the|a|das|le|la|wrong|falsch)\b)\S*[^\s.,!?])",
        re.I,
    ),
)

_STREETS_EN: Final = "street|st|road|rd|avenue|ave|boulevard|blvd|highway"
_WAYS_EN: Final = "Drive|Way|Lane|Court|Place|Square|Terrace|Close|Crescent|Gardens|Hill|Row|Dr|Ln|Ct|Pl|Sq"
_UNITS: Final = r"(?!(?:minutes?|hours?|miles?|kilomet\w+|seconds?|days?|percent|degrees?|more|other|lanes?)\b)"
ADDRESSES: Final = (
    re.compile(rf"\b\d{{1,5}}[a-z]? (?:{_UNITS}[^\W\d_][\w'-]* ){{1,3}}(?:{_STREETS_EN})\b\.?", re.I),
    re.compile(rf"\b\d{{1,5}}[a-z]? (?:[A-Z][\w'-]+ ){{1,3}}(?:{_WAYS_EN})\b\.?"),
    re.compile(
        r"\b[^\W\d_][\w-]{2,}(?:straße|strasse|str\.|gasse|allee|platz|damm|ufer)\s+\d{1,4}\s?[a-f]?\b"
        r"|\b[A-ZÄÖÜ][\w-]{2,}(?:weg|ring|hof|stieg|berg)\s+\d{1,3}\s?[a-f]?\b"
        r"|\b[A-ZÄÖÜ][\w-]+er (?:Straße|Strasse|Str\.|Allee|Weg|Platz|Ring|Damm|Ufer)\s+\d{1,4}\s?[a-f]?\b"
    ),
    re.compile(
        r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|allée|impasse|quai|route|cours|square) "
        r"(?:(?:de la|de l'|du|des|de|d'|le|la|les) ?)?[^\W\d_][\w'-]+(?:[ -][A-ZÀ-Ý][\w'-]+)*",
        re.I,
    ),
    re.compile(
        r"\b(?:calle|avenida|avda\.?|plaza|paseo|carrer|ronda) (?:(?:de la|de los|de las|del|de) )?"
        r"[^\W\d_][\w'-]+(?: [^\W\d_][\w'-]+){0,3},? (?:número |n\.º |nº )?\d{1,4}\b",
        re.I,
    ),
    re.compile(
        r"\b(?i:via|viale|piazza|corso|vicolo|largo|piazzale) (?:(?:della|dei|delle|degli|del|di|d') ?)?"
        r"[A-ZÀ-Ý][\w'-]+(?: [A-ZÀ-Ý][\w'-]+){0,3},? \d{1,4}\b"
    ),
    re.compile(r"\b[^\W\d_][\w-]{2,}(?:straat|laan|gracht|kade|singel|steeg|plein|dreef)\s+\d{1,4}\s?[a-f]?\b", re.I),
    # Postcodes that only those of one street have: of the United Kingdom and of the Netherlands.
    re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[1-9]\d{3} ?(?!AM|PM|SA|SD|SS)[A-Z]{2}\b"),
)

_NUMBER: Final = re.compile(r"(?<![\w.,])\d(?:[ -]?\d){11,18}(?![\w])")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.I)
_PHONE: Final = re.compile(r"(?<![\w.,])(?:\+|\()?\d[\d ()./-]{5,22}\d(?![\w%])")
_CALLS: Final = re.compile(
    r"\b(?:call|phone|dial|ring|text|number|mobile|cell|fax|tel|ruf|rufe|anrufen|nummer|telefon\w*|handy\w*|appelle\w*|"
    r"numéro|téléphone|portable|llama|número|teléfono|móvil|chiama|numero|telefono|cellulare|bel|telefoon\w*|mobiel)\b",
    re.I,
)
_REGIONS: Final = {
    "en": ("US", "GB"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH"),
    "es": ("ES", "MX"),
    "it": ("IT", "CH"),
    "nl": ("NL", "BE"),
}
_FEWEST: Final = 7
"""Digits of a telephone number that is not told as one."""


def cards(text: str) -> Iterator[Span]:
    """Numbers of 12 to 19 digits whose check digit is right (ISO/IEC 7812-1, Luhn)."""
    return (
        match.span() for match in _NUMBER.finditer(text) if _luhn([int(digit) for digit in match[0] if digit.isdigit()])
    )


def ibans(text: str) -> Iterator[Span]:
    """Account numbers whose check digits are right (ISO 13616-1)."""
    for match in _IBAN.finditer(text):
        plain = match[0].replace(" ", "").upper()
        if int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1:
            yield match.span()


def phones(text: str, language: str) -> Iterator[Span]:
    """Telephone numbers that there can be in the regions where ``language`` is spoken. What has neither prefix nor
    groups, nor stands beside a word that tells of telephones, is taken for a quantity.
    """
    for match in _PHONE.finditer(text):
        told = match[0]
        if sum(map(str.isdigit, told)) < _FEWEST:
            continue
        is_told = _CALLS.search(text) is not None
        marked = told[0] in "+(0" or any(mark in told for mark in " -/")
        if (marked or is_told) and _can_be_called(told, language, is_told=is_told):
            yield match.span()


def _can_be_called(number: str, language: str, *, is_told: bool) -> bool:
    """``is_told``: a word beside it says that it is a number to call, so that it need not be one that is in use."""
    # It takes 60 ms to import, and most sentences have no number in them.
    import phonenumbers

    spoken, _, region = language.partition("-")
    regions = (region.upper(),) if region else _REGIONS.get(spoken, ("US",))
    for each in (None,) if number[0] == "+" else regions:
        try:
            parsed = phonenumbers.parse(number, each)
            if phonenumbers.is_valid_number(parsed) or (is_told and phonenumbers.is_possible_number(parsed)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _luhn(digits: list[int]) -> bool:
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
