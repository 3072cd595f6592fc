"""The explorers measured beside Spin and TLC."""
