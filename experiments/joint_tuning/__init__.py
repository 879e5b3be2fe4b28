"""The experiment joint_tuning."""
