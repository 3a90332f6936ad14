"""What a submission's README states of its speaker, whatever language its lines are written in.

VoxForge's recording programs write English keys and the values as the speaker's own language shows them (``Gender:
Männlich``, ``Language: DE``); READMEs written by hand have other keys too. The words are those of the programs' message
files, https://github.com/VoxForge/speechsubmission, and of the usual translations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

KEYS = {
    "gender": "gender sex geschlecht genre sexe genero sesso sexo geslacht genere spol cinsiyet пол стать γενος",
    "age": "age-range age altersgruppe alter tranche-d'age rango-de-edad edad fascia-di-eta eta faixa-etaria leeftijd "
    "edat dobna-skupina yaş-aralığı возраст възраст вік",
    "language": "language sprache langue idioma lingua taal jezik язык",
    "accent": "pronunciation-dialect pronunication-dialect dialect dialekt aussprachevarietat variante-regionale "
    "dialecto-de-pronunciacion dialetto-di-pronuncia dialeto-de-pronunciacao dialecte регион диалект",
    "microphone": "microphone-type mikrofon-typ type-de-micro tipo-de-microfono tipo-di-microfono tipo-de-microfone "
    "type-microfoon",
}
"""Column to the keys that mean it, a hyphen for a space."""

VALUES = {
    "gender": {
        "male": "male man m mannlich mann masculin homme masculino hombre maschio uomo maschile mannelijk homem "
        "masculi musko erkek мужчина мужской мъж чоловік ανδρας זכר",
        "female": "female woman f weiblich frau feminin femme femenino mujer femmina donna femminile vrouwelijk "
        "feminino mulher femeni zensko kadın женщина женский жена жінка γυναικα נקבה",
    },
    "age": {
        "youth": "youth jugendlicher jugendliche jeune nino giovane jovem jeugd jove genç до-25 до-25-років νεαρος",
        "adult": "adult erwachsener erwachsene adulte adulto volwassen yetiskin до-55 до-55-років възрастен ενηλικας",
        "senior": "senior tercera-edad anziano idoso yaşlı более-55 трета-възраст υπερηλικας",
    },
    "language": {
        "en": "english speechcorpus englisch anglais ingles inglese",
        "de": "german deutsch allemand aleman tedesco ger deu",
        "fr": "french francais franzosisch frances francese fre fra",
        "es": "spanish espanol castellano spanisch espagnol spagnolo spa",
        "it": "italian italiano italienisch italien ita",
        "ru": "russian русский russisch russe rus",
        "nl": "dutch nederlands niederlandisch dut nld",
        "pt": "portuguese portugues por",
        "ca": "catalan catala",
        "el": "greek ελληνικα",
        "he": "hebrew iw hb עברית",
        "zh": "chinese mandarin",
        "tr": "turkish turkce",
        "uk": "ukrainian українська",
        "bg": "bulgarian български",
        "hr": "croatian hrvatski",
        "sq": "albanian shqip",
        "fa": "persian farsi",
    },
}
"""Value to the words that mean it, a hyphen for a space."""

NOTHING = (
    "unknown n/a na none please-select unbekannt bitte-wählen inconnu sélectionnez desconocido por-favor-seleccione "
    "non-definito selezionare desconhecido selecione maak-een-keuze другое выберите неизвестен изберете desconegut "
    "trieu-ne-un nepoznato odaberite bilinmiyor lütfen-seçin невідомо"
)
"""Values that mean: not stated."""


def plain(text: str) -> str:
    """Lower case, without accents and brackets, a hyphen for a space: as the tables above are written."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"\s+", "-", unicodedata.normalize("NFC", bare).strip(" \t;,.[]()<>*-"))


def _inverted(words: Mapping[str, str]) -> dict[str, str]:
    return {plain(word): meaning for meaning, listed in words.items() for word in listed.split()}


COLUMN_OF = _inverted(KEYS)
MEANING = {column: _inverted(words) for column, words in VALUES.items()}
NOT_STATED = frozenset(plain(word) for word in NOTHING.split())
LANGUAGES = MEANING["language"] | {code: code for code in VALUES["language"]}
"""Names of languages, and the codes themselves, to codes."""


def describe(readme: str) -> dict[str, str]:
    """Gender, age, language, accent and microphone, where the README states them; the first statement counts."""
    found: dict[str, str] = {}
    for line in readme.splitlines():
        key, colon, value = line.partition(":")
        column = COLUMN_OF.get(plain(key))
        if colon and column and column not in found and (stated := _value(column, value)):
            found[column] = stated
    return found


def _value(column: str, text: str) -> str | None:
    value = plain(text)
    if not value or value in NOT_STATED:
        return None
    if column == "language":
        return LANGUAGES.get(value) or _code(value)
    return MEANING[column].get(value) if column in MEANING else text.strip(" \t;")


def _code(value: str) -> str | None:
    """The language of a code that may name a country too, such as ``pt_br``."""
    code = re.fullmatch(r"([a-z]{2,3})(?:[-_]\w+)?", value)
    return code[1] if code else None
