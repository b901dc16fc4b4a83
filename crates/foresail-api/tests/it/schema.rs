//! A checker for the part of JSON Schema (2020-12) that the description uses.

use serde_json::Value;

/// Every way in which `value` differs from `schema` of `description`; empty when it fits.
pub fn differences(value: &Value, schema: &Value, description: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(value, schema, &Checker { description, place: "$".to_owned() }, &mut found);
    found
}

struct Checker<'a> {
    description: &'a Value,
    place: String,
}

impl<'a> Checker<'a> {
    fn at(&self, place: &str) -> Self {
        Self { description: self.description, place: format!("{}.{place}", self.place) }
    }
}

fn check(value: &Value, schema: &Value, at: &Checker<'_>, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = at.description.pointer(reference.trim_start_matches('#'));
        let target = target.unwrap_or_else(|| panic!("{reference} leads nowhere"));
        return check(value, target, at, found);
    }
    for (word, least, most) in [("oneOf", 1, 1), ("anyOf", 1, usize::MAX)] {
        if let Some(options) = schema[word].as_array() {
            let fits = |option: &&Value| differences(value, option, at.description).is_empty();
            let fitting = options.iter().filter(fits).count();
            if !(least..=most).contains(&fitting) {
                found.push(format!("{}: {fitting} of {word} fit {value}", at.place));
            }
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(value, part, at, found);
    }
    if !type_fits(value, &schema["type"]) {
        found.push(format!("{}: {value} is no {}", at.place, schema["type"]));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push(format!("{}: {value} is none of {}", at.place, schema["enum"]));
    }
    if schema["format"] == "date-time"
        && value.as_str().is_some_and(|text| text.parse::<foresail_core::Timestamp>().is_err())
    {
        found.push(format!("{}: {value} is no time", at.place));
    }
    if let Some(items) = value.as_array() {
        for (number, item) in items.iter().enumerate().take(50) {
            check(item, &schema["items"], &at.at(&number.to_string()), found);
        }
    }
    if let Some(fields) = value.as_object() {
        let properties = schema["properties"].as_object();
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap()) {
                found.push(format!("{}: {name} is missing", at.place));
            }
        }
        for (name, field) in fields {
            match properties.and_then(|known| known.get(name)) {
                Some(known) => check(field, known, &at.at(name), found),
                None if schema["additionalProperties"].is_object() => {
                    check(field, &schema["additionalProperties"], &at.at(name), found);
                }
                None if properties.is_some() => {
                    found.push(format!("{}: `{name}` is not described", at.place));
                }
                None => {}
            }
        }
    }
}

fn type_fits(value: &Value, wanted: &Value) -> bool {
    let fits = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    };
    match wanted {
        Value::String(name) => fits(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(fits),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    }
}
