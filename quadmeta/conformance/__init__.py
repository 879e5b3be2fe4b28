"""Is my hypergradient right?"""
