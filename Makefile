# Every target installs what it needs. `make run` opens Deskline, `make test` passes the tests.
.PHONY: conformance run test lint bench eval soak screenshots help
BIN := .venv/bin
export PYTHONUTF8 := 1
# Tests and benches never need a screen.
OFFSCREEN := QT_QPA_PLATFORM=offscreen

run:
	@packaging/setup.sh run
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(BIN)/deskline --desk demo --demo-data; \
	else echo "No display here: playing the demo offscreen; screenshots and reports go to out/"; \
	  $(BIN)/deskline demo --offscreen --speed 6 --out out; fi

test:
	@packaging/setup.sh dev
ifdef ARGS
	$(OFFSCREEN) $(BIN)/python -m pytest -m "not soak" $(ARGS)
else
	$(OFFSCREEN) $(BIN)/python -m pytest -m "not soak" --ignore tests/end_to_end
	@# A desk is one process: each file of whole desks has its own.
	@for file in tests/end_to_end/test_*.py; do \
	  $(OFFSCREEN) $(BIN)/python -m pytest -m "not soak" $$file || exit 1; done
endif

lint:
	@packaging/setup.sh dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@packaging/setup.sh dev
	$(OFFSCREEN) $(BIN)/python -m tests.bench $(ARGS)

eval:
	@packaging/setup.sh dev
	$(BIN)/python -m tests.eval.run $(ARGS)

soak:
	@packaging/setup.sh dev
	$(OFFSCREEN) $(BIN)/python -m pytest -m soak -s --timeout 7200 $(ARGS)

conformance:
	@packaging/setup.sh dev
	$(BIN)/python -m tests.conformance $(FDC3) $(ARGS)

screenshots:
	@packaging/setup.sh dev
	$(OFFSCREEN) $(BIN)/python packaging/screenshots.py

help:
	@echo "make run | test | lint | bench | eval | soak | conformance FDC3=... | screenshots   (ARGS=... is passed on)"
