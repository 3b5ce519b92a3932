# %% [markdown]
# # A claim and its verdict
#
# A thread says that ReLU "sometimes" fails to add two numbers. How often is that, and what decides
# such a claim? The experiment is a function; its parameters are what the thread varies.

# %%
from repro.add_numbers import experiment

runs, curves = experiment(seeds=range(200), epochs=500)
print(runs[["seed", "mse", "stuck", "born_dead"]].head())

# %% [markdown]
# A claim names a variant, a metric and a test, before the runs. This one is about a share of runs.

# %%
from repro.findings.verdicts import judge
from repro.study.models import Claim

claim = Claim(
    made_by="question",
    says="Sometimes the error never falls: in more than one of ten runs.",
    test="above",
    variant="relu",
    metric="stuck",
    bound=0.1,
)
table = judge(
    runs.assign(variant="relu"), {"sometimes": claim}, better="lower", kinds={"stuck": "flag"}
)
print(table.T)

# %% [markdown]
# A single seed decides nothing.

# %%
one = judge(
    runs.head(1).assign(variant="relu"),
    {"sometimes": claim},
    better="lower",
    kinds={"stuck": "flag"},
)
print(one.verdict[0])
