"""The kinds of evaluation, a folder each, beside one another; ``registry`` lists them, ``kind`` says what one gives."""
