//! What `--input` says: `name=PATH`, `name=FILE.npz:member`, `name=FILE.npy[row]`.

use std::path::PathBuf;

/// Where one input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSpec {
	/// The graph input; may be left out if there is only one.
	pub name: Option<String>,
	/// The file.
	pub path: PathBuf,
	/// The array in an .npz.
	pub member: Option<String>,
	/// Take only this row of the first axis, which stays with length 1.
	pub row: Option<usize>,
}

impl InputSpec {
	/// The whole of a file.
	pub const fn of_file(path: PathBuf) -> Self {
		Self {
			name: None,
			path,
			member: None,
			row: None,
		}
	}
}

impl std::str::FromStr for InputSpec {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, Self::Err> {
		// A path may hold a `=` too, so what stands before it must not look like a directory.
		let (name, rest) = match text.split_once('=') {
			Some((name, rest)) if !std::path::Path::new(text).exists() => (Some(name), rest),
			_ => (None, text),
		};
		let (rest, row) = match rest
			.strip_suffix(']')
			.and_then(|rest| rest.rsplit_once('['))
		{
			Some((before, row)) => {
				let row = row.parse().map_err(|_| {
					format!("`{row}` is no row; write a number, as in images.npy[7]")
				})?;
				(before, Some(row))
			}
			None => (rest, None),
		};
		let (path, member) = match rest.rsplit_once(':') {
			Some((path, member)) if path.ends_with(".npz") => (path, Some(member.to_owned())),
			_ => (rest, None),
		};
		if path.is_empty() || name == Some("") {
			return Err("write NAME=PATH, as in image=digit.npy".to_owned());
		}
		Ok(Self {
			name: name.map(str::to_owned),
			path: path.into(),
			member,
			row,
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn all_parts() {
		let spec: InputSpec = "image=dir/heldout.npz:images[7]".parse().unwrap();
		assert_eq!(spec.name.as_deref(), Some("image"));
		assert_eq!(spec.path, PathBuf::from("dir/heldout.npz"));
		assert_eq!(spec.member.as_deref(), Some("images"));
		assert_eq!(spec.row, Some(7));
	}

	#[test]
	fn only_a_path() {
		let spec: InputSpec = "x.npy".parse().unwrap();
		assert_eq!(
			spec,
			InputSpec {
				name: None,
				path: "x.npy".into(),
				member: None,
				row: None
			}
		);
	}

	#[test]
	fn a_name_with_a_colon() {
		let spec: InputSpec = "data:0=x.npy".parse().unwrap();
		assert_eq!(spec.name.as_deref(), Some("data:0"));
		assert_eq!(spec.member, None);
	}

	#[test]
	fn refuses_the_rest() {
		assert!("=x.npy".parse::<InputSpec>().is_err());
		assert!("image=".parse::<InputSpec>().is_err());
		assert!("image=x.npy[a]".parse::<InputSpec>().is_err());
	}
}
