//! A body that is read whole, with a limit.

/// At most so many bytes of a body, and what broke it.
pub async fn read_body(
    mut response: reqwest::Response,
    most: usize,
) -> (Vec<u8>, Option<reqwest::Error>) {
    let mut bytes = Vec::new();
    while bytes.len() < most {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                bytes.extend_from_slice(&chunk[..chunk.len().min(most - bytes.len())])
            }
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error)),
        }
    }
    (bytes, None)
}
