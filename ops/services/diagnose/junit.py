"""A diagnosis as JUnit XML, for CI systems: a case for each check."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from ops.services.connectivity.junit import fit

if TYPE_CHECKING:
    from ops.services.diagnose.run import Diagnosis


def as_junit(diagnosis: Diagnosis) -> str:
    """Write one suite; a check that found something has a ``failure`` for each finding."""
    failed = sum(bool(diagnosis.of(check)) for check in diagnosis.checks)
    numbers = {"tests": str(len(diagnosis.checks)), "failures": str(failed), "errors": "0", "skipped": "0"}
    name = fit(f"{diagnosis.fleet} on {diagnosis.where}")
    suites = ET.Element("testsuites", numbers | {"name": name, "time": f"{diagnosis.seconds:.3f}"})
    suite = ET.SubElement(suites, "testsuite", numbers | {"name": "diagnose"})
    for check in diagnosis.checks:
        case = ET.SubElement(suite, "testcase", {"classname": f"diagnose.{check.id}", "name": check.title})
        for cause in diagnosis.of(check):
            finding = cause.finding
            failure = ET.SubElement(case, "failure", {"message": fit(finding.saw), "type": finding.severity})
            failure.text = fit(
                "\n".join((finding.why, *(f"so: {each.saw}" for _, each in cause.follows), f"next: {finding.run}"))
            )
    told = (*diagnosis.remarks, *diagnosis.notes)
    if told:
        ET.SubElement(suite, "system-out").text = fit("\n".join(told))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"
