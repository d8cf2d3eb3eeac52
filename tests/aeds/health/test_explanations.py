"""Why a device is in its state, in one line, in two languages."""

import ast
import inspect

from hypothesis import given, settings

from dispatch.aeds.health import rules
from dispatch.aeds.health.conclusion import Facts, conclude
from dispatch.aeds.health.evidence import Evidence, latest_of
from dispatch.aeds.health.explaining import CODES, REASONS, STATES, explained
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.vocabulary import InspectionItem
from dispatch.aeds.record import Readiness
from tests.aeds.health.telling import HISTORIES, NOW, SOME_FACTS, SOME_POLICY


def test_a_state_is_explained_in_both_languages() -> None:
    assert explained(["battery_low", "door_open"], Readiness.DEGRADED) == {
        "zh": "降级使用：电池电量低；柜门长时间未关",
        "en": "Degraded: the battery is low; the cabinet has stood open for too long",
    }


def test_a_code_is_told_with_its_reason() -> None:
    assert explained(["fault_missing"], Readiness.OUT_OF_SERVICE)["zh"] == "停用：报告故障：设备不在"
    assert explained(["self_test_failed_e03"], Readiness.OUT_OF_SERVICE)["en"].endswith("its self-test failed (e03)")


def test_the_public_s_word_is_not_taken_for_a_fault_with_a_code() -> None:
    assert explained(["fault_said_by_public"], Readiness.UNVERIFIED)["zh"] == "状态待核实：市民反映异常，待核实"


def test_without_a_reason_the_state_speaks_for_itself() -> None:
    assert explained([], Readiness.READY) == {"zh": "可用", "en": "Ready"}


def test_what_another_version_concluded_is_told_in_its_own_words() -> None:
    assert explained(["gnawed_by_mice"], Readiness.DEGRADED)["en"] == "Degraded: gnawed_by_mice"


def test_every_state_and_every_item_has_its_words() -> None:
    assert set(STATES) == set(Readiness)
    assert {each.value for each in InspectionItem} <= set(CODES)


def test_every_reason_that_a_rule_names_has_its_words() -> None:
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(rules))) if isinstance(node, ast.Call)]
    named = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in {"Finding", "_out"}
        and isinstance(call.args[0], ast.Constant)
    }
    assert len(named) > 10
    assert named <= set(REASONS)


@settings(deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY)
def test_no_explanation_falls_back_to_the_program_s_words(
    evidence: list[Evidence], facts: Facts, policy: CarePolicy
) -> None:
    conclusion = conclude(latest_of(evidence), facts, policy, NOW)
    told = explained(conclusion.reasons, conclusion.readiness)
    assert "_" not in told["en"]
    assert "\n" not in told["zh"]
