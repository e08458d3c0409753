//! noema-precompile-inference
