"""A report of tests as JUnit XML, which build servers show."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rules.verify import FileReport, Report, Result


def junit(report: Report) -> str:
    """One suite for each file. A file with mistakes is a test of its own that failed to run."""
    root = Element("testsuites", name="doorstep rules test", tests=str(report.passed + report.failed + report.todo))
    root.set("failures", str(report.failed))
    for file in report.files:
        _suite(root, file)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: Element, file: FileReport) -> None:
    errors = [problem for problem in file.problems if problem.is_error]
    suite = SubElement(root, "testsuite", name=file.file, tests=str(len(file.results) + bool(errors)))
    suite.set("failures", str(file.count("failed")))
    suite.set("skipped", str(file.count("todo")))
    suite.set("errors", str(int(bool(errors))))
    if errors:
        case = SubElement(suite, "testcase", classname=file.file, name="the file can be read")
        SubElement(case, "error", message=errors[0].message).text = "\n".join(problem.render() for problem in errors)
    for result in file.results:
        _case(suite, file, result)


def _case(suite: Element, file: FileReport, result: Result) -> None:
    case = SubElement(suite, "testcase", classname=file.book, name=result.name, file=file.file, line=str(result.line))
    if result.ending == "todo":
        SubElement(case, "skipped", message="todo")
    for failure in result.failures:
        said = f"{failure.what}: expected {failure.expected}, got {failure.got}"
        SubElement(case, "failure", message=said).text = failure.render()
