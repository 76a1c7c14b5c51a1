"""The report for programs: plain values, as the API and webhooks show them."""

from b2bua.report.advice import advise
from b2bua.report.figures import Figures
from b2bua.report.tables import Manner, plain, tables


def mapping(figures: Figures, manner: Manner) -> dict[str, object]:
    """Everything, ready to be JSON."""
    said = (one.said(manner.words.language) for one in advise(figures))
    return {
        "number": figures.number,
        "month": str(figures.period),
        "complete": figures.complete,
        "calls": figures.totals.calls,
        "answered": figures.totals.answered,
        "advice": [{"what": one.what, "why": one.why} for one in said],
        "tables": {
            table.key: {
                "title": table.title,
                "columns": list(table.columns),
                "rows": [[plain(cell) for cell in row] for row in table.rows],
            }
            for table in tables(figures, manner)
        },
    }
