//! Weights that are this runtime's own.

mod inference_coefficients;
mod inference_cost;

pub use inference_cost::CostToWeight;
