"""What comes round by the clock (定期任务): once a period, a matter for each subject of a duty."""
