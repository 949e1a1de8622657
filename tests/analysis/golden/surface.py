"""Golden values of surfaces from other packages: `python tests/analysis/golden/surface.py` with pygam and statsmodels.

pygam: a tensor product of splines with second-difference penalties at fixed strengths. statsmodels: the mean and its
standard error of a quadratic by ordinary least squares.
"""

import json
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from pygam import LinearGAM, te

generator = np.random.default_rng(11)
u, v = generator.random((2, 150))
u[:4], v[:4] = (0, 0, 1, 1), (0, 1, 0, 1)
z = np.sin(4 * u) * v + generator.normal(0, 0.1, 150)
at_u, at_v = generator.random((2, 12))
gam = LinearGAM(te(0, 1, n_splines=[8, 8], lam=[0.6, 2.5]), fit_intercept=False).fit(np.stack([u, v], axis=1), z)
pygam = {
    "u": u.tolist(), "v": v.tolist(), "z": z.tolist(), "size": 8, "strength": [0.6, 2.5],
    "at_u": at_u.tolist(), "at_v": at_v.tolist(),
    "fitted": gam.predict(np.stack([at_u, at_v], axis=1)).tolist(),
}  # fmt: skip

x, y = generator.random((2, 14))
height = 1 - 3 * (x - 0.4) ** 2 + y * x - 2 * (y - 0.5) ** 2 + generator.normal(0, 0.02, 14)
model = sm.OLS(height, np.stack([x**0, x, y, x * y, x**2, y**2], axis=1)).fit()
told = model.get_prediction(np.array([[1, 0.3, 0.7, 0.21, 0.09, 0.49]]))
quadratic = {
    "u": x.tolist(), "v": y.tolist(), "z": height.tolist(), "at": [0.3, 0.7],
    "mean": float(told.predicted_mean[0]), "error": float(told.se_mean[0]), "df": int(model.df_resid),
}  # fmt: skip
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"pygam": pygam, "quadratic": quadratic}, indent=1) + "\n")
