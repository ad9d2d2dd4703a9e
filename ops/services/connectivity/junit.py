"""The result of a connectivity test as JUnit XML, for CI systems."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from ops.services.connectivity.report import TITLES

if TYPE_CHECKING:
    from ops.services.connectivity.judge import Result
    from ops.services.connectivity.report import Report

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def as_junit(report: Report) -> str:
    """Write a suite for each kind; a failed case is a ``failure``, one that could not be tried an ``error``."""
    suites = ET.Element("testsuites", _numbers(report.results) | {"name": fit(f"{report.fleet} on {report.where}")})
    suites.set("time", f"{report.seconds:.3f}")
    for kind in TITLES:
        results = tuple(result for result in report.results if result.kind == kind)
        if not results:
            continue
        suite = ET.SubElement(suites, "testsuite", {"name": kind, **_numbers(results)})
        for result in results:
            suite.append(_case(result))
    if report.notes:
        # The schema gives notes no place of their own but this.
        output = ET.SubElement(ET.SubElement(suites, "testsuite", {"name": "notes", **_numbers(())}), "system-out")
        output.text = fit("\n".join(report.notes))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(result: Result) -> ET.Element:
    case = ET.Element(
        "testcase",
        {
            "classname": f"connectivity.{result.kind}",
            "name": fit(f"{result.source} to {result.destination}: {result.expected}"),
            "time": f"{result.seconds:.3f}",
        },
    )
    told = f"{result.told}; {result.verdict}" if result.verdict else result.told
    if result.outcome == "passed":
        ET.SubElement(case, "system-out").text = fit(told)
    else:
        tag = "failure" if result.outcome == "failed" else "error"
        ET.SubElement(case, tag, {"message": fit(told), "type": result.outcome})
    return case


def _numbers(results: tuple[Result, ...]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(result.outcome == "failed" for result in results)),
        "errors": str(sum(result.outcome == "untried" for result in results)),
        "skipped": "0",
    }


def fit(text: str) -> str:
    """Replace what XML cannot hold."""
    return _UNFIT.sub("?", text)
