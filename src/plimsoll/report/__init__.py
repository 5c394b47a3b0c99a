"""Evidence as documents: HTML to sign, Markdown to review, CSV and JSON to compute with."""

from __future__ import annotations

from plimsoll.report.comma_separated import csv_tables
from plimsoll.report.document import evidence_bytes, evidence_document, evidence_from_document
from plimsoll.report.markdown import markdown_report
from plimsoll.report.page import html_report

__all__ = [
    "csv_tables",
    "evidence_bytes",
    "evidence_document",
    "evidence_from_document",
    "html_report",
    "markdown_report",
]
