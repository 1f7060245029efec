//! Finished answers in memory: weighed in bytes, made once however many ask, and keyed by
//! revision, audience, base and canonical request, so that nothing ever has to be invalidated.

use std::future::Future;
use std::sync::Arc;

use moka::future::Cache as Moka;

use super::answer::Answer;
use super::problem::Problem;
use crate::base::limits;

#[derive(Clone)]
pub struct Cache {
    answers: Moka<String, Arc<Answer>>,
}

impl Cache {
    pub fn new(bytes: u64) -> Self {
        Cache {
            answers: Moka::builder()
                .max_capacity(bytes)
                .weigher(|key: &String, answer: &Arc<Answer>| {
                    u32::try_from(key.len() + answer.weight_bytes()).unwrap_or(u32::MAX)
                })
                .build(),
        }
    }

    /// The answer under this key, made by `make` if nobody has. The work runs in a task of its own,
    /// so that a client who leaves does not take it from the others who wait for it.
    pub async fn get_or_make<F>(&self, key: String, make: F) -> Result<Arc<Answer>, Problem>
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        if let Some(answer) = self.answers.get(&key).await {
            return Ok(answer);
        }
        let answers = self.answers.clone();
        let task = tokio::spawn(async move {
            let answer = answers
                .try_get_with(key.clone(), async { make.await.map(Arc::new) })
                .await
                .map_err(|problem: Arc<Problem>| (*problem).clone())?;
            if answer.body.len() > limits::CACHE_ITEM_BYTES {
                answers.invalidate(&key).await;
            }
            Ok(answer)
        });
        task.await.unwrap_or_else(|_| Err(Problem::internal("the answer could not be made")))
    }
}
