"""Statistical vectors: documents of several forms, split into inputs and expected numbers.

A form is recognised by its keys (`file_kinds`), cut into sections (`sections`), each computed by
the estimators of one module here, and compared leaf by leaf under rules (`leaf_rules`).
"""
