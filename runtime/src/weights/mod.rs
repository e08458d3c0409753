//! Weights that are this runtime's own.

mod inference_cost;

pub use inference_cost::CostToWeight;
