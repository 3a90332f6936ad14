"""What the demo corpus says: per language three slots of phrases, grammatical in every combination (our own text)."""

from __future__ import annotations

from itertools import product

ENGLISH = (
    (
        "The old sailor", "My neighbour", "A young painter", "The tall gardener", "Our new teacher",
        "The village doctor", "A quiet student", "The busy farmer", "His little sister", "The bus driver",
        "A famous singer", "The night nurse", "Their grandfather", "The careful builder",
    ),
    (
        "paints a small boat", "repairs the wooden clock", "waters the yellow flowers", "reads a long letter",
        "sings an old song", "carries a heavy basket", "cooks a vegetable soup", "draws a strange map",
        "washes the dirty windows", "counts the empty bottles", "opens the green door", "feeds the hungry cats",
        "sells fresh bread", "builds a stone wall",
    ),
    (
        "near the harbour", "every Sunday morning", "behind the school", "before the rain starts",
        "with great patience", "in the warm kitchen", "after a short walk", "beside the river", "during the holidays",
        "under the apple tree", "without saying a word", "for the whole family", "at the end of the street",
        "on the first floor",
    ),
)  # fmt: skip
GERMAN = (
    (
        "Der alte Seemann", "Meine Nachbarin", "Ein junger Maler", "Der große Gärtner", "Unsere neue Lehrerin",
        "Die Ärztin aus dem Dorf", "Ein stiller Student", "Der fleißige Bauer", "Seine kleine Schwester",
        "Die Busfahrerin", "Ein berühmter Sänger", "Der Pfleger im Nachtdienst", "Ihr Großvater",
        "Die sorgfältige Tischlerin",
    ),
    (
        "streicht ein kleines Boot", "repariert die hölzerne Uhr", "gießt die gelben Blumen",
        "liest einen langen Brief", "singt ein altes Lied", "trägt einen schweren Korb", "kocht eine Gemüsesuppe",
        "zeichnet eine seltsame Karte", "putzt die schmutzigen Fenster", "zählt die leeren Flaschen",
        "öffnet die grüne Tür", "füttert die hungrigen Katzen", "verkauft frisches Brot", "baut eine Mauer aus Stein",
    ),
    (
        "in der Nähe des Hafens", "jeden Sonntagmorgen", "hinter der Schule", "kurz vor dem Regen",
        "mit großer Geduld", "in der warmen Küche", "nach einem kurzen Spaziergang", "neben dem Fluss",
        "während der Ferien", "unter dem Apfelbaum", "ohne ein Wort zu sagen", "für die ganze Familie",
        "am Ende der Straße", "im ersten Stock",
    ),
)  # fmt: skip
SPANISH = (
    (
        "El viejo marinero", "Mi vecina", "Un joven pintor", "El jardinero alto", "Nuestra nueva maestra",
        "La doctora del pueblo", "Un estudiante callado", "El campesino ocupado", "Su hermana pequeña",
        "La conductora del autobús", "Un cantante famoso", "El enfermero de noche", "Mi abuelo",
        "La albañil cuidadosa",
    ),
    (
        "pinta un barco pequeño", "arregla el reloj de madera", "riega las flores amarillas", "lee una carta larga",
        "canta una canción antigua", "lleva una cesta pesada", "cocina una sopa de verduras",
        "dibuja un mapa extraño", "limpia las ventanas sucias", "cuenta las botellas vacías", "abre la puerta verde",
        "da de comer a los gatos", "vende pan fresco", "construye un muro de piedra",
    ),
    (
        "cerca del puerto", "todos los domingos", "detrás de la escuela", "antes de la lluvia", "con mucha paciencia",
        "en la cocina caliente", "después de un paseo corto", "junto al río", "durante las vacaciones",
        "debajo del manzano", "sin decir una palabra", "para toda la familia", "al final de la calle",
        "en el primer piso",
    ),
)  # fmt: skip
FRENCH = (
    (
        "Le vieux marin", "Ma voisine", "Un jeune peintre", "Le grand jardinier", "Notre nouvelle maîtresse",
        "La doctoresse du village", "Un étudiant silencieux", "Le fermier occupé", "Sa petite sœur",
        "La conductrice du bus", "Un chanteur célèbre", "L'infirmier de nuit", "Leur grand-père",
        "La maçonne soigneuse",
    ),
    (
        "peint un petit bateau", "répare l'horloge en bois", "arrose les fleurs jaunes", "lit une longue lettre",
        "chante une vieille chanson", "porte un panier lourd", "prépare une soupe de légumes",
        "dessine une carte étrange", "lave les fenêtres sales", "compte les bouteilles vides", "ouvre la porte verte",
        "nourrit les chats affamés", "vend du pain frais", "construit un mur de pierre",
    ),
    (
        "près du port", "tous les dimanches matin", "derrière l'école", "avant la pluie", "avec beaucoup de patience",
        "dans la cuisine chaude", "après une courte promenade", "au bord de la rivière", "pendant les vacances",
        "sous le pommier", "sans dire un mot", "pour toute la famille", "au bout de la rue", "au premier étage",
    ),
)  # fmt: skip

PHRASES: dict[str, tuple[tuple[str, ...], ...]] = {"de": GERMAN, "en": ENGLISH, "es": SPANISH, "fr": FRENCH}
"""Three slots of 14 phrases each by locale: 2,744 sentences a language."""


def sentences(locale: str) -> list[str]:
    """Every sentence of a language, in a fixed order."""
    return [" ".join(parts) + "." for parts in product(*PHRASES[locale])]
