//! What to do instead of operators that the engine will not have.

/// How to do without an operator that the engine will not have, or nothing.
pub fn advice(op_type: &str) -> &'static str {
	match op_type {
		"ZipMap" => "maps are no tensors: convert with the option zipmap=False",
		"If" | "Loop" | "Scan" => "control flow: fold it before (onnxsim), or unroll it",
		"RandomNormal" | "RandomNormalLike" | "RandomUniform" | "RandomUniformLike"
		| "Bernoulli" | "Multinomial" => "it is random: make the random values an input",
		"NonZero" | "Unique" | "Compress" | "NonMaxSuppression" => {
			"the shape of its output depends on values: do it outside the model"
		}
		"StringNormalizer" | "StringConcat" | "StringSplit" | "RegexFullMatch"
		| "TfIdfVectorizer" | "LabelEncoder" | "CategoryMapper" | "DictVectorizer" | "CastMap" => {
			"it is made for strings or maps: do it outside the model"
		}
		name if name.starts_with("Sequence") || name.starts_with("Optional") => {
			"only tensors are supported, no sequences and no optionals"
		}
		_ => "",
	}
}
