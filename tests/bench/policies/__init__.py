"""The mutation bench of the policies: weaken what the real program plans, one property at a time, and run the pack.

``python -m tests.bench.policies`` prints what came of each change; :mod:`tests.policies.test_mutations` asserts it.
"""
