//! The pages of a list, whose number and size the installation does not decide.

use serde::de::DeserializeOwned;

use super::{client::Client, failure::Failure, rate_limiter::Endpoint};

/// Maximum bytes of all pages of one list.
const MAX_BYTES: usize = 32 << 20;

/// The pages of one list, requested one after another.
pub(crate) struct Pages<'a> {
    client: &'a Client,
    endpoint: Endpoint,
    path: &'a [&'a str],
    query: &'a [(&'a str, String)],
    max_pages: usize,
    /// The cursor of the next page. The first page has none.
    cursor: Option<String>,
    pages: usize,
    bytes: usize,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(
        client: &'a Client,
        endpoint: Endpoint,
        path: &'a [&'a str],
        query: &'a [(&'a str, String)],
        max_pages: usize,
    ) -> Self {
        Self { client, endpoint, path, query, max_pages, cursor: None, pages: 0, bytes: 0 }
    }

    /// Requests the next page; returns none after the last. Fails if the list does not end within
    /// its limits.
    pub(crate) async fn next_page<T: DeserializeOwned + Send + 'static>(
        &mut self,
    ) -> Result<Option<T>, Failure> {
        if self.pages > 0 && self.cursor.is_none() {
            return Ok(None);
        }
        let name = self.endpoint.name();
        if self.pages == self.max_pages {
            return Err(Failure::Broken(format!("{name}: the list has more than {} pages", self.max_pages)));
        }
        let mut query = self.query.to_vec();
        let last = self.cursor.take();
        query.extend(last.clone().map(|cursor| ("cursor", cursor)));
        let page = self.client.get::<T>(self.endpoint, self.path, &query).await?;
        self.pages += 1;
        self.bytes = self.bytes.saturating_add(page.bytes);
        if self.bytes > MAX_BYTES {
            return Err(Failure::Broken(format!("{name}: the list has more than {} MiB", MAX_BYTES >> 20)));
        }
        if page.next.is_some() && page.next == last {
            return Err(Failure::Broken(format!("{name}: the page after {} is the same", self.pages)));
        }
        self.cursor = page.next;
        Ok(Some(page.body))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use axum::{Router, response::IntoResponse, routing::get};
    use runtime::{Clock, ResponseBudget};
    use tokio::net::TcpListener;

    use super::*;

    /// Starts an installation whose lists never end, with pages of `bytes`. Returns a client of it.
    async fn endless(bytes: usize, is_same: bool) -> Client {
        let requests = Arc::new(AtomicUsize::new(1));
        let answer = move || async move {
            let next = if is_same { 1 } else { requests.fetch_add(1, Ordering::Relaxed) };
            let link = format!("<http://x>; rel=\"next\"; results=\"true\"; cursor=\"{next}\"");
            ([("link", link)], format!("[\"{}\"]", "x".repeat(bytes))).into_response()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(get(answer))).await });
        let settings = config::Sentry { requests_per_second: 1_000, ..config::Sentry::new("a", &url) };
        let share = ResponseBudget::default().client();
        Client::new(&settings, Arc::new(|| Ok("token".to_owned())), Clock::system(), share).unwrap()
    }

    async fn failure(client: &Client, max_pages: usize) -> String {
        let mut pages = Pages::new(client, Endpoint::Projects, &["x"], &[], max_pages);
        loop {
            match pages.next_page::<Vec<String>>().await {
                Ok(page) => assert!(page.is_some(), "the list ended"),
                Err(failure) => return failure.to_string(),
            }
        }
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_bounded() {
        let large = endless(8 << 20, false).await;
        assert!(failure(&large, 1_000).await.ends_with("the list has more than 32 MiB"));
        let small = endless(1, false).await;
        assert!(failure(&small, 3).await.ends_with("the list has more than 3 pages"));
        let same = endless(1, true).await;
        assert!(failure(&same, 1_000).await.ends_with("the page after 2 is the same"));
    }
}
