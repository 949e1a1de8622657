"""What the palette calls pages and settings, the letters after g that lead there, what else people call them."""

from __future__ import annotations

PAGES = (
    ("home", "Home", ("start", "overview", "answer"), "g h"),
    ("calibration", "Calibration", ("reliability", "ece", "trust", "reward model", "over-confident"), "g c"),
    ("judge", "Judges", ("llm as a judge", "verdicts", "kappa", "position bias", "ppi", "win rate"), "g u"),
    ("audit", "Audit", ("length bias", "style", "shortcut", "ruler", "degenerate subsets"), "g l"),
    ("whatif", "What if", ("threshold", "temperature", "automate", "abstain", "selective", "scenario"), "g y"),
    ("compare", "Compare", ("ship", "checkpoint", "paired", "mcnemar", "significance", "labels needed"), "g v"),
    ("ranking", "Ranking", ("bradley-terry", "elo", "arena", "leaderboard", "battles", "ship", "win rate"), "g k"),
    ("agreement", "Agreement", ("annotators", "raters", "krippendorff", "kappa", "fleiss", "workers", "desk"), "g a"),
    ("bestofn", "Best of n", ("best-of-n", "rejection sampling", "reranking", "goodhart"), "g b"),
    (
        "drift",
        "Drift",
        ("drift detection", "shift", "psi", "ks test", "moved", "change point", "composition", "distribution"),
        "g f",
    ),
    (
        "monitor",
        "Alarms",
        ("drift", "cusum", "page-hinkley", "martingale", "change point", "false alarms", "e-process"),
        "g n",
    ),
    ("timeline", "Timeline", ("play", "animation", "over time", "frames", "per day", "per step", "drift"), "g i"),
    ("curves", "Training curves", ("stop", "reward curve", "loss", "training log", "runs", "seeds"), "g t"),
    (
        "overoptimisation",
        "Over-optimisation",
        ("stop", "kl budget", "goodhart", "reward hacking", "gold reward"),
        "g o",
    ),
    (
        "hackwatch",
        "Hack watch",
        ("reward hacking", "onset", "goodhart", "proxy gold gap", "stop", "entropy collapse"),
        "g w",
    ),
    ("forecast", "Forecast", ("predict", "extrapolate", "plateau", "when", "threshold", "backtest", "crps"), "g e"),
    ("rollouts", "Rollouts", ("completions", "responses", "samples", "answers", "tokens", "grpo", "browse"), "g q"),
    ("tradeoff", "KL trade-off", ("beta", "kl coefficient", "kl penalty", "checkpoint", "what if"), "g x"),
    ("sweep", "Sweep", ("hyperparameters", "trials", "grid search", "tune", "best run", "compare runs"), "g z"),
    (
        "surface",
        "Surface",
        ("3d performance", "hyperparameters", "response surface", "tune", "learning rate", "contour"),
        "g g",
    ),
    ("journal", "Journal", ("decisions", "because", "sign off", "log", "why", "record", "evidence"), "g j"),
    ("reports", "Reports", ("pdf", "excel", "exports", "downloads", "print", "files made"), ""),
    ("datasets", "Datasets", ("files", "upload", "data", "import", "drop"), "g d"),
    ("runs", "Runs", ("jobs", "queue", "progress", "history", "automation"), "g r"),
    ("settings", "Settings", ("preferences", "theme", "density", "account", "sessions", "tokens", "password"), "g s"),
)
OVERSIGHT = ("people", "People", ("accounts", "roles", "members", "users", "audit", "tokens", "sessions"), "g p")
"""The page for those who look after others."""
SECTIONS = (
    ("Projects", "Projects and members", ("team", "roles", "share", "access")),
    ("Audit", "Audit", ("log", "history", "who did what", "compliance", "export")),
)
"""Its parts that somebody may look for by name."""
WATCH = ("monitoring", "Monitoring", ("health", "status", "uptime", "processes", "metrics", "queue", "disk"), "g m")
"""The page for those who run the installation."""
THEMES = {"light": "Light theme", "dark": "Dark theme", "system": "Theme of the system"}
DENSITIES = {"comfortable": "Comfortable density", "compact": "Compact density"}
