"""Every row of the table of robustness has tests, and the page tells of them."""

from tests.architecture.robustness import PAGE, ROWS, named, page

RULES = 12


def test_every_row_names_tests_that_are_there() -> None:
    assert [test for row in ROWS for test in row.tests if not named(test)] == []
    assert all(row.tests for row in ROWS)


def test_no_row_is_left_out() -> None:
    numbers = [row.number for row in ROWS]
    assert {str(number) for number in range(1, 31)} <= set(numbers)
    assert sum(not number.isdigit() for number in numbers) == RULES
    assert len(set(numbers)) == len(numbers)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_test_that_is_gone_is_missed() -> None:
    assert not named("exchange/test_chaos.py::test_that_is_gone")
    assert not named("gone.py::test_that_is_gone")
