"""Shapes: what makes the answers of one plan, as code that is written, compiled and run."""

from resolvers.shapes.shaping import Shape, compile_shape

__all__ = ["Shape", "compile_shape"]
