r"""Heterogeneous autoregression of realised variance (Corsi, J. Financial Econometrics 7, 2009).

.. math::
    T(\bar V_{t+1..t+h}) = b_0 + b_d T(V_t) + b_w T(\bar V_{t-6..t}) + b_m T(\bar V_{t-29..t}) + e_t

(and jumps, semivariances, implied variance), direct in h: one regression a horizon, on the mean
variance a day over it. T is the identity, the square root or the logarithm. Lags are 1, 7 and 30
days, for markets that never close (equities: 1, 5, 22).
"""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.estimators.realised.fitted_har import FittedHar, estimate_har
from plimsoll.estimators.realised.har_specification import HarSpecification
from plimsoll.estimators.realised.variance_record import VarianceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Har(HarSpecification):
    """See the module text, and `HarSpecification` for the options.

    Examples
    --------
    >>> import numpy as np
    >>> v = np.exp(0.3 * np.sin(np.arange(200.0)) + 0.5 * np.cos(0.7 * np.arange(200.0) ** 1.1))
    >>> fitted = Har(lags_days=(1, 3, 6)).fit(VarianceRecord(variance=v))
    >>> fitted.names
    ('constant', 'variance_1', 'variance_3', 'variance_6')
    """

    def fit(self, record: VarianceRecord) -> FittedHar:
        """Estimate on all days of a record.

        Raises
        ------
        InsufficientDataError
            Fewer than 30 rows, or five for each coefficient.
        EstimationError
            Regressors that do not vary, or a variance of 0 under the logarithm.
        DataFormatError
            A part that the regressors ask for is not in the record.
        """
        return estimate_har(self, record)
