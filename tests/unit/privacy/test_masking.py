"""What is taken out of a text before it leaves the house, and what is not."""

import time

import pytest

from edge.privacy.masking import Masker, unmask
from edge.privacy.names import owners, told

HOUSE = ("Anna Berg", "Will", "Rose", "Zoë", "Jan")

MASKED = [
    # language, said, what leaves the house
    ("en", "what could Anna eat today", "what could [name 1] eat today"),
    ("en", "ANNA asked when anna's bus comes", "[name 1] asked when [name 1]'s bus comes"),
    ("en", "Anna Berg and Zoë are vegetarians", "[name 1] and [name 2] are vegetarians"),
    ("en", "Will is allergic to nuts", "[name 1] is allergic to nuts"),
    ("en", "a cake for Rose without eggs", "a cake for [name 1] without eggs"),
    ("en", "my name is Tobias Keller", "my name is [name 1]"),
    ("en", "write a poem for my daughter Mathilda", "write a poem for my daughter [name 1]"),
    ("en", "should I invite Mr. Kowalski to tea", "should I invite Mr. [name 1] to tea"),
    ("en", "call Friederike at 020 7946 0958", "call [name 1] at [phone 1]"),
    ("en", "my number is +1 650 253 0000", "my number is [phone 1]"),
    ("en", "is (650) 253-0000 a number in California", "is [phone 1] a number in California"),
    ("en", "dial 6502530000 for me", "dial [phone 1] for me"),
    ("en", "mail it to anna.k+list@mail.example.org please", "mail it to [e-mail 1] please"),
    ("en", "the address is otto at example dot com", "the address is [e-mail 1]"),
    ("en", "how far is it to 221b Baker Street", "how far is it to [address 1]"),
    ("en", "we live at 14 old mill road", "we live at [address 1]"),
    ("en", "send it to 7 Privet Drive", "send it to [address 1]"),
    ("en", "the parcel goes to SW1A 1AA", "the parcel goes to [address 1]"),
    ("en", "my card is 4111 1111 1111 1111", "my card is [card 1]"),
    ("en", "pay with 5500-0000-0000-0004 now", "pay with [card 1] now"),
    ("en", "the alarm code is 4711", "the alarm code is [code 1]"),
    ("en", "my pin is one two three four", "my pin is [code 1]"),
    ("en", "the password for the router is hunter2!", "the password for the router is [code 1]!"),
    ("en", "read https://example.org/reset?token=a8f3c19d to me", "read [link 1] to me"),
    ("en", "open https://files.example.org/s/9fKx2mQw8LrT4vBn", "open [link 1]"),
    ("de", "wann hat Anna Geburtstag", "wann hat [name 1] Geburtstag"),
    ("de", "ich heiße Mechthild", "ich heiße [name 1]"),
    ("de", "schreib meiner Tochter Greta ein Gedicht", "schreib meiner Tochter [name 1] ein Gedicht"),
    ("de", "ist Frau Lindqvist heute da", "ist Frau [name 1] heute da"),
    ("de", "die Nummer ist 030 901820", "die Nummer ist [phone 1]"),
    ("de", "ruf +49 30 901820 an", "ruf [phone 1] an"),
    ("de", "wie weit ist es zur Goethestraße 12a", "wie weit ist es zur [address 1]"),
    ("de", "wir wohnen in der Berliner Straße 5", "wir wohnen in der [address 1]"),
    ("de", "mein Konto ist DE89 3704 0044 0532 0130 00", "mein Konto ist [account 1]"),
    ("de", "die PIN lautet 8251", "die PIN lautet [code 1]"),
    ("de", "das Passwort ist Sommer2019", "das Passwort ist [code 1]"),
    ("de", "schick es an otto punkt klein ät beispiel punkt de", "schick es an [e-mail 1]"),
    ("fr", "que peut manger Zoë ce soir", "que peut manger [name 1] ce soir"),
    ("fr", "je m'appelle Mathéo", "je m'appelle [name 1]"),
    ("fr", "ma fille Capucine aime les chevaux", "ma fille [name 1] aime les chevaux"),
    ("fr", "est-ce que Madame Lefèvre habite ici", "est-ce que Madame [name 1] habite ici"),
    ("fr", "mon numéro est le 01 42 68 53 00", "mon numéro est le [phone 1]"),
    ("fr", "j'habite 12 rue de la Paix", "j'habite [address 1]"),
    ("fr", "le code de la porte est 2468", "le code de la porte est [code 1]"),
    ("fr", "l'IBAN est FR14 2004 1010 0505 0001 3M02 606", "l'IBAN est [account 1]"),
    ("es", "qué puede comer Anna", "qué puede comer [name 1]"),
    ("es", "me llamo Guadalupe", "me llamo [name 1]"),
    ("es", "mi hijo Íñigo tiene fiebre", "mi hijo [name 1] tiene fiebre"),
    ("es", "la señora Etxeberria llega mañana", "la señora Etxeberria llega mañana"),
    ("es", "la Señora Etxeberria llega mañana", "la Señora [name 1] llega mañana"),
    ("es", "mi teléfono es el 912 345 678", "mi teléfono es el [phone 1]"),
    ("es", "vivo en la calle de Alcalá 45", "vivo en la [address 1]"),
    ("es", "la clave de la puerta es 9753", "la clave de la puerta es [code 1]"),
    ("it", "che cosa mangia Zoë", "che cosa mangia [name 1]"),
    ("it", "mi chiamo Ludovica", "mi chiamo [name 1]"),
    ("it", "mia figlia Ginevra compie gli anni", "mia figlia [name 1] compie gli anni"),
    ("it", "il mio numero è 02 1234 5678", "il mio numero è [phone 1]"),
    ("it", "abito in Via Garibaldi 12", "abito in [address 1]"),
    ("it", "il codice della porta è 1357", "il codice della porta è [code 1]"),
    ("nl", "wat mag Anna eten", "wat mag [name 1] eten"),
    ("nl", "ik heet Floortje", "ik heet [name 1]"),
    ("nl", "mijn dochter Fenna is ziek", "mijn dochter [name 1] is ziek"),
    ("nl", "woont Meneer Dijkstra hier", "woont Meneer [name 1] hier"),
    ("nl", "mijn nummer is 020 624 1111", "mijn nummer is [phone 1]"),
    ("nl", "ik woon in de Kerkstraat 14", "ik woon in de [address 1]"),
    ("nl", "het wachtwoord is tulp99", "het wachtwoord is [code 1]"),
]

ORDINARY = [
    ("en", "set the light to 50 percent"),
    ("en", "timer for 10 minutes"),
    ("en", "set a timer for 1 hour 30 minutes and 15 seconds"),
    ("en", "wake me at 6 45 tomorrow"),
    ("en", "will it rain on the first of may"),
    ("en", "will rose petals stain the table"),
    ("en", "Will it rain tomorrow"),
    ("en", "mark the milk as done"),
    ("en", "what is 2147483647 divided by 2"),
    ("en", "what is 1024 times 768"),
    ("en", "how much is 100,000,000 in words"),
    ("en", "how long is a 10 minute drive"),
    ("en", "what does error code 404 mean"),
    ("en", "how many people live in 50 more streets"),
    ("en", "turn on the street light"),
    ("en", "when was the code of Hammurabi written"),
    ("en", "who was born in 1756"),
    ("en", "how far is it from New York to Los Angeles"),
    ("en", "who wrote Pride and Prejudice"),
    ("en", "what did Albert Einstein discover"),
    ("en", "tell me about https://example.org/recipes"),
    ("en", "call me a taxi"),
    ("en", "meet me at noon dot"),
    ("en", "set the thermostat to 21.5 degrees"),
    ("en", "add 12 eggs and 500 g flour to the shopping list"),
    ("en", "what happened between 1914 and 1918"),
    ("en", "is 2 to the power of 10 1024"),
    ("en", "play channel 105.3"),
    ("en", "pin the message"),
    ("en", "what is the code word"),
    ("de", "stell den Timer auf 10 Minuten"),
    ("de", "mach das Licht auf 50 Prozent"),
    ("de", "wann war die Schlacht im Teutoburger Wald"),
    ("de", "wie viele Einwohner hat Berlin"),
    ("de", "was bedeutet Fehlercode 404"),
    ("de", "wie weit ist der Weg nach Rom"),
    ("de", "stell die Heizung auf 21 Grad und den Wecker auf 7 Uhr 30"),
    ("fr", "mets la lumière à 50 pour cent"),
    ("fr", "minuteur de 10 minutes"),
    ("fr", "quelle est la capitale de l'Australie"),
    ("fr", "combien de cours d'eau y a-t-il en France"),
    ("es", "pon la luz al 50 por ciento"),
    ("es", "temporizador de 10 minutos"),
    ("es", "cuántos habitantes tiene Madrid"),
    ("it", "metti la luce al 50 per cento"),
    ("it", "timer di 10 minuti"),
    ("it", "quanti abitanti ha Roma"),
    ("it", "manda via 3 messaggi"),
    ("nl", "zet het licht op 50 procent"),
    ("nl", "timer voor 10 minuten"),
    ("nl", "hoeveel inwoners heeft Amsterdam"),
    ("nl", "mag een hond chocola eten"),
]


@pytest.mark.parametrize(("language", "said", "leaves"), MASKED)
def test_personal_data_are_masked_and_come_back(language: str, said: str, leaves: str) -> None:
    masked = Masker(language, HOUSE).mask(said)
    assert masked.text == leaves
    assert masked.unmask(masked.text).casefold() == said.casefold()


@pytest.mark.parametrize(("language", "said"), ORDINARY)
def test_what_is_ordinary_stays(language: str, said: str) -> None:
    assert Masker(language, HOUSE).mask(said).text == said


def test_names_come_back_also_where_a_model_writes_the_placeholder_in_its_own_way() -> None:
    masked = Masker("en", HOUSE).mask("can Anna eat what Zoë cooks")
    answer = "[Name 1] can, if [NAME  2] leaves the nuts out; [name 3] is nobody."
    assert masked.unmask(answer) == "Anna can, if Zoë leaves the nuts out; [name 3] is nobody."
    assert unmask(answer, {}) == answer


def test_what_only_looks_like_a_placeholder_stays_what_it_is() -> None:
    masked = Masker("en", HOUSE).mask("what does [name 1] mean, Anna")
    assert masked.text == "what does [name 1] mean, [name 2]"
    assert masked.unmask(masked.text) == "what does [name 1] mean, Anna"


def test_the_region_decides_what_a_telephone_number_is() -> None:
    said = "was steht bei 044 668 18 00"
    assert Masker("de-CH").mask(said).text == "was steht bei [phone 1]"
    assert Masker("de-AT").mask(said).text == said
    assert Masker("de-AT").mask("die Nummer ist 044 668 18 00").text == "die Nummer ist [phone 1]"


def test_names_of_the_house_are_found_where_people_told_them() -> None:
    places = ["Anna's lamp", "Zimmer von Greta", "chambre de Zoë", "kitchen", "The lamp", "lamp of the hall"]
    assert owners(frozenset(places)) == {"Anna", "Greta", "Zoë"}
    assert told("my daughter's name is nothing you know") == frozenset()
    assert told("my wife is called Ingeborg") == {"Ingeborg"}
    assert told("my son Emil likes trains") == {"Emil"}
    assert told("the key is under the mat") == frozenset()


def test_a_sentence_takes_less_than_a_millisecond() -> None:
    maskers = {language: Masker(language, HOUSE) for language in ("en", "de", "fr", "es", "it", "nl")}
    sentences = [(row[0], row[1]) for row in (*MASKED, *ORDINARY)]
    for language, said in sentences:
        maskers[language].mask(said)  # what is loaded at the first number
    spent = []
    for language, said in sentences:
        before = time.thread_time_ns()
        maskers[language].mask(said)
        spent.append(time.thread_time_ns() - before)
    assert sorted(spent)[len(spent) // 2] < 1_000_000


def test_a_sentence_made_to_take_long_does_not() -> None:
    hostile = ("1 " * 1_000, "a@" * 1_000, "12 a a a " * 300, "+" + "1-" * 1_000, "[name " * 500, "dot a " * 500)
    masker = Masker("en", HOUSE)
    for said in hostile:
        before = time.thread_time()
        masker.mask(said)
        assert time.thread_time() - before < 0.5
