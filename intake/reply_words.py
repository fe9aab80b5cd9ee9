"""What is answered to a customer who replied, in their language: what was understood."""

from collections.abc import Iterable, Mapping

from domain.conversation import Conversation
from intake.replies import Understood, Wish

LAST_RESORT = "en"

LATE = "away"
"""It is committed, and what came of it is not known yet."""
REFUSED = "refused"
"""The delivery does not take it any more."""
SHORT = 300
"""Characters of what a customer wrote that are said back."""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        Wish.YES: "Thank you. You will be there for delivery {id}.",
        Wish.NO: "Thank you. You will not be there for delivery {id}; we will arrange something else.",
        Wish.LATER: "Thank you. Delivery {id} comes {when} instead.",
        Wish.ANSWER: 'Thank you. We have noted for delivery {id}: "{text}".',
        Wish.OTHER: "Sorry, we did not understand that. For delivery {id} please reply with one of: {answers}.",
        Wish.NOTE: "Thank you. We have noted your message for delivery {id}.",
        Wish.STOP: "You will get no more messages from us. Reply START to get them again.",
        Wish.START: "You will get messages about your deliveries again. Reply STOP to end them.",
        Wish.HELP: "We write to you about your deliveries. Reply to a question with your answer, or STOP for no more messages.",
        Wish.WHICH: "You have more than one delivery. Please put its code in front of your answer: {codes}.",
        Wish.UNKNOWN: "We do not know a delivery for this number. Please contact the shop where you ordered.",
        LATE: "Thank you. We have your message for delivery {id} and pass it on.",
        REFUSED: "We have your message, but delivery {id} can not be changed any more.",
    },
    "fi": {
        Wish.YES: "Kiitos. Olet paikalla, kun toimitus {id} tulee.",
        Wish.NO: "Kiitos. Et ole paikalla, kun toimitus {id} tulee; järjestämme jotain muuta.",
        Wish.LATER: "Kiitos. Toimitus {id} tulee {when}.",
        Wish.ANSWER: 'Kiitos. Merkitsimme toimitukselle {id}: "{text}".',
        Wish.OTHER: "Valitettavasti emme ymmärtäneet. Vastaathan toimituksesta {id} jollakin näistä: {answers}.",
        Wish.NOTE: "Kiitos. Merkitsimme viestisi toimitukselle {id}.",
        Wish.STOP: "Emme lähetä sinulle enää viestejä. Vastaa START, jos haluat niitä taas.",
        Wish.START: "Lähetämme taas viestejä toimituksistasi. Vastaa STOP, jos et halua niitä.",
        Wish.HELP: "Kirjoitamme sinulle toimituksistasi. Vastaa kysymykseen, tai vastaa STOP, jos et halua viestejä.",
        Wish.WHICH: "Sinulla on useampi toimitus. Kirjoita sen tunnus vastauksesi eteen: {codes}.",
        Wish.UNKNOWN: "Emme löydä toimitusta tällä numerolla. Ota yhteyttä kauppaan, josta tilasit.",
        LATE: "Kiitos. Saimme viestisi toimituksesta {id} ja välitämme sen eteenpäin.",
        REFUSED: "Saimme viestisi, mutta toimitusta {id} ei voi enää muuttaa.",
    },
    "de": {
        Wish.YES: "Danke. Sie sind da, wenn Lieferung {id} kommt.",
        Wish.NO: "Danke. Sie sind nicht da, wenn Lieferung {id} kommt; wir finden eine andere Lösung.",
        Wish.LATER: "Danke. Lieferung {id} kommt nun {when}.",
        Wish.ANSWER: 'Danke. Wir haben zu Lieferung {id} notiert: "{text}".',
        Wish.OTHER: "Das haben wir leider nicht verstanden. Bitte antworten Sie zu Lieferung {id} mit: {answers}.",
        Wish.NOTE: "Danke. Wir haben Ihre Nachricht zu Lieferung {id} notiert.",
        Wish.STOP: "Sie erhalten keine Nachrichten mehr von uns. Mit START erhalten Sie sie wieder.",
        Wish.START: "Sie erhalten wieder Nachrichten zu Ihren Lieferungen. Mit STOP beenden Sie das.",
        Wish.HELP: "Wir schreiben Ihnen zu Ihren Lieferungen. Antworten Sie auf eine Frage, oder STOP für keine Nachrichten mehr.",
        Wish.WHICH: "Sie haben mehrere Lieferungen. Bitte setzen Sie den Code vor Ihre Antwort: {codes}.",
        Wish.UNKNOWN: "Zu dieser Nummer kennen wir keine Lieferung. Bitte fragen Sie im Geschäft, in dem Sie bestellt haben.",
        LATE: "Danke. Wir haben Ihre Nachricht zu Lieferung {id} und geben sie weiter.",
        REFUSED: "Wir haben Ihre Nachricht, aber Lieferung {id} kann nicht mehr geändert werden.",
    },
}

COUNTRIES: Mapping[str, str] = {"+358": "fi", "+49": "de", "+43": "de"}
"""The language to begin with, by the prefix of a number that we know nothing else of."""


def answer_to(means: Understood, number: str, when: str = "", what: str = "") -> str:
    """What is said back; `what` is LATE or REFUSED where it is not what the reply asked for."""
    text = TEXTS[language_of(means.about, number)][what or means.wish]
    first = means.about[0] if means.about else None
    answers = first.question.answers if first is not None and first.question is not None else ()
    said = {
        "id": first.delivery_id if first is not None else "",
        "text": means.text[:SHORT],
        "when": when,
        "answers": ", ".join(answers) or "...",
        "codes": ", ".join(f"{one.code} ({one.delivery_id})" for one in means.about),
    }
    return text.format(**said)


def language_of(about: Iterable[Conversation], number: str) -> str:
    """The customer's language as far as we speak it; of a stranger that of their number's country."""
    known = next((one.language[:2] for one in about), None)
    language = known or next((language for prefix, language in COUNTRIES.items() if number.startswith(prefix)), LAST_RESORT)
    return language if language in TEXTS else LAST_RESORT
