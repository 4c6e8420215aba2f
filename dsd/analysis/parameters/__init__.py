"""How the parameters of networks relate to their errors."""
