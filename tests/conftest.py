"""Settings for all tests: these machines are noisy, so no property is timed."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
