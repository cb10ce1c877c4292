"""Question answering, by the scripts of SQuAD and MLQA."""

from __future__ import annotations

from scorer_cases import Case, official


def qa_case(rows: list[tuple[str | None, list[str]]], language: str | None = None) -> Case:
    """Score (prediction or None for a missing one, gold answers) rows as one data set."""
    qas = [
        {
            "id": f"q{i}",
            "question": "?",
            "answers": [{"text": text, "answer_start": 0} for text in answers],
        }
        for i, (_, answers) in enumerate(rows)
    ]
    gold = {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": "", "qas": qas}]}]}
    predictions = {f"q{i}": text for i, (text, _) in enumerate(rows) if text is not None}
    case: Case = {} if language is None else {"language": language}
    case |= {"predictions": predictions, "gold": gold}
    score = (
        official("evaluate").squad_em_f1 if language is None else official("evaluate").mlqa_em_f1
    )
    scores: Case = score(gold["data"], predictions, language)
    return case | scores


SQUAD: list[tuple[str | None, list[str]]] = [
    ("The red house", ["red house"]),
    ("a red house", ["an old red house"]),
    ("theatre and an answer", ["theatre answer"]),
    ("A-team", ["a team"]),
    ("the-end", ["end"]),
    ("U.S.A.", ["usa"]),
    ("well, yes!", ["Well yes"]),
    ("12,000.5", ["12 0005"]),
    ("“quoted”", ["quoted"]),
    ("sí, ¿quién?", ["Sí quién"]),
    ("snow – white", ["snow white"]),
    ("three dogs", ["dogs", "three big dogs", "dogs three"]),
    ("nothing alike", ["some", "other"]),
    ("北京大学", ["北京大学"]),
    ("北京大学", ["北京"]),
    ("北京 大学", ["北京", "大学 北京"]),
    ("北京。", ["北京"]),
    ("กรุงเทพ", ["กรุงเทพมหานคร"]),
    ("the", ["the"]),
    ("", ["a"]),
    ("", ["house"]),
    ("the", ["house", "an"]),
    ("!", ["?"]),
    (None, ["house"]),
    (None, ["the"]),
    ("la la la", ["la la"]),
    ("la", ["la la la"]),
    ("one two one", ["two one two"]),
    ("  many \t spaces\n here ", ["many spaces here"]),
    ("ÉTÉ", ["été"]),
    ("İstanbul", ["istanbul"]),
    ("ＡＢＣ", ["abc"]),
    ("no\u00a0break", ["no break"]),
    ("the_end a_b", ["theend ab"]),
]


MLQA: dict[str, list[tuple[str | None, list[str]]]] = {
    "en": [
        ("The red house", ["a red house"]),
        ("“red” – house", ["red house"]),
        ("the", ["an"]),
        ("", ["the"]),
        ("anthem", ["them"]),
        ("$5 + 3", ["5 3"]),
        (None, ["house"]),
        ("big dog", ["dog", "big old dog"]),
    ],
    "es": [
        ("El perro", ["perro"]),
        ("los perros de una casa", ["perros de la casa"]),
        ("¿Quién?", ["quién"]),
        ("«un elefante»", ["elefante"]),
        ("unas", ["las"]),
        ("uno", ["un"]),
        ("lo bueno", ["bueno"]),
        (None, ["perro"]),
    ],
    "de": [
        ("Der Hund", ["den Hund"]),
        ("„eines Abends“", ["Abends"]),
        ("dem Haus des Mannes", ["Haus Mannes"]),
        ("keine Katze", ["Katze"]),
        ("die", ["das"]),
        ("Straße", ["strasse"]),
        (None, ["Hund"]),
    ],
    "ar": [
        ("البيت", ["بيت"]),
        ("بيت الرجل", ["بيت رجل"]),
        ("والبيت", ["و بيت"]),
        ("رجال", ["رج"]),
        ("ال", ["الال"]),
        ("مال، كثير؟", ["مال كثير"]),
        ("سؤالان", ["سؤ ان"]),
        ("١٢ كتاب", ["12 كتاب"]),
        (None, ["بيت"]),
    ],
    "hi": [
        ("लाल घर।", ["लाल घर"]),
        ("एक घर", ["घर"]),
        ("घर, घर", ["घर"]),
        ("१२", ["12"]),
        ("the घर", ["घर"]),
        ("।", [""]),
        (None, ["घर"]),
    ],
    "vi": [
        ("những con mèo", ["con mèo"]),
        ("nhà của tôi", ["nhà tôi"]),
        ("cái", ["chiếc"]),
        ("là gì?", ["gì"]),
        ("láng", ["ng"]),
        ("của nhà", ["nhà"]),
        ("cu\u0309a nha\u0300", ["nhà"]),
        (None, ["nhà"]),
    ],
    "zh": [
        ("北京大学", ["北京"]),
        ("北京，大学。", ["北京大学"]),
        ("《红》、「绿」", ["红绿"]),
        ("iPhone手机2台", ["iphone 手机 2 台"]),
        ("abc def中", ["abc 中"]),
        ("2008年8月", ["2008年"]),
        ("the 年", ["年"]),
        ("。", [""]),
        ("龦龥", ["龦 龥"]),
        ("㐀㐁", ["㐀"]),
        (None, ["年"]),
    ],
}


def qa_cases(rows: list[tuple[str | None, list[str]]], language: str | None = None) -> list[Case]:
    """Each row alone, then all together."""
    return [qa_case([row], language) for row in rows] + [qa_case(rows, language)]
