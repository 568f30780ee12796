"""Perceived quality: people rate recommendations on a blind sheet; do they agree, and do the metrics?"""

from longtail.evaluation.perceived.agreement import Alpha, Level, krippendorff_alpha
from longtail.evaluation.perceived.answers import Answers
from longtail.evaluation.perceived.key import Key, RowKey
from longtail.evaluation.perceived.questionnaire import Questionnaire, Turn
from longtail.evaluation.perceived.questions import QUESTIONS, Question
from longtail.evaluation.perceived.relation import Perceived, Relation, Tie, perceived, relation, row_relation
from longtail.evaluation.perceived.sheet import Person, Row, Sheet, make_sheet

__all__ = [
    "QUESTIONS",
    "Alpha",
    "Answers",
    "Key",
    "Level",
    "Perceived",
    "Person",
    "Question",
    "Questionnaire",
    "Relation",
    "Row",
    "RowKey",
    "Sheet",
    "Tie",
    "Turn",
    "krippendorff_alpha",
    "make_sheet",
    "perceived",
    "relation",
    "row_relation",
]
