import pytest

from earmark.corpus.adapters.voxforge_readme import describe


@pytest.mark.parametrize(
    ("readme", "found"),
    [
        ("Gender: Male\nAge Range: Adult\nLanguage: EN\n", {"gender": "male", "age": "adult", "language": "en"}),
        ("Gender: female;\nAge range: Youth;\n", {"gender": "female", "age": "youth"}),
        ("Sex: [Male]\nPronunication dialect: Other - Texan\n", {"gender": "male", "accent": "Other - Texan"}),
        ("Geschlecht: männlich\nAltersgruppe: Jugendlicher\n", {"gender": "male", "age": "youth"}),
        ("Gender: Weiblich\nPronunciation dialect: südl. Ostdeutschland", {"gender": "female"}),
        (
            "Genre: Homme\nTranche d'âge: Senior\nLangue: Français\n",
            {"gender": "male", "age": "senior", "language": "fr"},
        ),
        ("Gender: Féminin\nAge Range: Adulte\nLanguage: FR\n", {"gender": "female", "age": "adult", "language": "fr"}),
        ("Género: Masculino\nRango de Edad: Tercera Edad\n", {"gender": "male", "age": "senior"}),
        ("Genero: Femenino\nAge Range: Niño\nLanguage: ES\n", {"gender": "female", "age": "youth", "language": "es"}),
        ("Sesso: Maschio\nFascia di età: Anziano\nLanguage: IT", {"gender": "male", "age": "senior", "language": "it"}),
        ("Gender: Femmina\nPronunciation dialect: Selezionare\n", {"gender": "female"}),
        ("Gender: desconhecido\nLanguage: PT_BR\n", {"language": "pt"}),
        ("Gender: Мужчина\nAge Range: до 55\nLanguage: RU\n", {"gender": "male", "age": "adult", "language": "ru"}),
        ("Cinsiyet: Kadın\nYaş Aralığı: Yaşlı\n", {"gender": "female", "age": "senior"}),
        ("Gender: Please Select\nAge Range:\nLanguage: ?\nPronunciation dialect: unknown\n", {}),
        ("Gender: Male\nGender: Female\nO/S: Linux\nno colon\n", {"gender": "male"}),
    ],
)
def test_readmes_in_several_languages(readme, found):
    stated = describe(readme)
    assert {column: stated.get(column) for column in found} == found
    assert set(stated) - set(found) <= {"accent"}
