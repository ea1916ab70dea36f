"""Analytics: what a customer holds, trades and earns us, and the price of the instrument in focus.

``business.py`` reads and adds up; ``app.py`` follows the desk's attention; the views draw. Simulated or derived data
are labelled as what they are.
"""
