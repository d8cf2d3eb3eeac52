"""What times are worth: survival by three published models, from minutes since the collapse.

They are compared with each other only as far as all of them say the same of two rules; none of them was fitted here.
"""

import math

# M. Larsen et al., "Predicting survival from out-of-hospital cardiac arrest: a graphic model", Annals of Emergency
# Medicine 22, 1993: 0.67 at once, less so much a minute to CPR, to the first shock and to advanced care. Linear, and
# so below nothing where it takes long: cut off there.
_LARSEN = (0.67, 0.023, 0.011, 0.021)

# T. Valenzuela et al., "Estimating effectiveness of cardiac arrest interventions: a logistic regression survival
# model", Circulation 96, 1997: of witnessed ventricular fibrillation, by the times to CPR and to the shock.
_VALENZUELA = (0.260, 0.106, 0.139)

# V. De Maio et al., "Optimal defibrillation response intervals for maximum out-of-hospital cardiac arrest survival
# rates", Annals of Emergency Medicine 42, 2003: by the time to the shock alone.
_DE_MAIO = (0.679, 0.262)

MODELS = ("larsen", "valenzuela", "de_maio")


def larsen(cpr_min: float, shock_min: float, advanced_min: float) -> float:
    """Survival after Larsen et al. 1993, not below 0."""
    most, cpr, shock, advanced = _LARSEN
    return max(0.0, most - cpr * cpr_min - shock * shock_min - advanced * advanced_min)


def valenzuela(cpr_min: float, shock_min: float, shockable: float = 1.0) -> float:
    """Survival after Valenzuela et al. 1997 of the shockable share; of the others nobody is counted."""
    constant, cpr, shock = _VALENZUELA
    return shockable / (1.0 + math.exp(-constant + cpr * cpr_min + shock * shock_min))


def de_maio(shock_min: float) -> float:
    """Survival after De Maio et al. 2003."""
    constant, shock = _DE_MAIO
    return 1.0 / (1.0 + math.exp(constant + shock * shock_min))
