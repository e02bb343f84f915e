//! What an Ollama server says of a model, in answer to `POST /api/show` (`wire.md` 5).

use serde_json::Value;

use crate::provider::fault::number;

/// The windows of a model; none of them is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Tokens the model can hold at most.
    pub most: Option<u64>,
    /// Tokens its own file asks for.
    pub own: Option<u64>,
}

impl Shown {
    /// Reads the answer of `POST /api/show`.
    pub fn of(answer: &Value) -> Shown {
        let fields = answer["model_info"].as_object().into_iter().flatten();
        let most = fields
            .filter(|(name, _)| name.ends_with(".context_length"))
            .find_map(|(_, value)| number(value));
        let parameters = answer["parameters"].as_str().unwrap_or("");
        let own = parameters.lines().find_map(|line| {
            let value = line.trim().strip_prefix("num_ctx")?;
            value.trim().parse().ok()
        });
        let counts = |tokens: &u64| *tokens > 0;
        Shown {
            most: most.filter(counts),
            own: own.filter(counts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_shows_of_a_model_is_read() {
        let answer = json!({
            "parameters": "stop                           \"<|im_end|>\"\nnum_ctx                        16384\ntemperature                    0.6",
            "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960, "qwen3.block_count": 36},
            "capabilities": ["completion", "tools", "thinking"],
        });
        assert_eq!(
            Shown::of(&answer),
            Shown {
                most: Some(40_960),
                own: Some(16_384)
            }
        );
        for none in [
            json!({}),
            json!({"model_info": {"a.context_length": 0}}),
            json!(null),
        ] {
            assert_eq!(Shown::of(&none), Shown::default(), "{none}");
        }
    }
}
