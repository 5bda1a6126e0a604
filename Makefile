.PHONY: test fix docs bench

test:
	python -m tests

fix:
	python -m ruff format .
	python -m ruff check --fix .

docs:
	python -m docs.tables
	python -m docs.draw_screen

bench:
	python -m bench
