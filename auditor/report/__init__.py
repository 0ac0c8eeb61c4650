"""One result document and its renderings: console, one self-contained HTML page, JSON.

Pure functions of a judged case; nothing here records or judges.
"""

from auditor.report.document import Result
from auditor.report.formats import FORMATS
from auditor.report.formats import Format
from auditor.report.formats import write_reports
from auditor.report.result import build_result
from auditor.report.result import encode_result
from auditor.report.result import schema

__all__ = ["FORMATS", "Format", "Result", "build_result", "encode_result", "schema", "write_reports"]
