"""Who sees whom: following and its lists."""
