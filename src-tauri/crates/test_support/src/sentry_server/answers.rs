//! The answers of the test server, made from its data and the parameters of a request.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime};
use serde_json::{Value, json};

use super::{State, data::SessionEvent};

/// The parameters of a request, in order.
pub(super) struct Query(pub(super) Vec<(String, String)>);

impl Query {
    pub(super) fn all(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn one(&self, key: &str) -> Option<&str> {
        self.all(key).into_iter().next()
    }
}

/// An answer, or the status and the text of an error.
pub(super) type Answer = Result<Answered, (u16, String)>;

/// The content of an answer, before it is cut into pages.
pub(super) enum Answered {
    Rows(Vec<Value>, fn(Vec<Value>, &Value) -> Value, Value),
}

fn refuse<T>(message: &str) -> Result<T, (u16, String)> {
    Err((400, message.to_owned()))
}

fn plain(rows: Vec<Value>, _: &Value) -> Value {
    Value::Array(rows)
}

fn seconds(text: &str) -> Result<i64, (u16, String)> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S")
        .map(|time| time.and_utc().timestamp())
        .or_else(|_| refuse("start and end have another form"))
}

fn text(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn projects(state: &State, query: &Query) -> Result<BTreeSet<&'static str>, (u16, String)> {
    let mut chosen = BTreeSet::new();
    let all = query.all("project");
    for (id, slug) in &state.data.projects {
        if all.is_empty() || all.contains(&"-1") || all.contains(&id.to_string().as_str()) {
            chosen.insert(*slug);
        }
    }
    if chosen.is_empty() {
        Err((403, "You do not have permission to perform this action.".to_owned()))
    } else {
        Ok(chosen)
    }
}

fn project_id(state: &State, slug: &str) -> u64 {
    state.data.projects.iter().find(|(_, known)| *known == slug).map_or(0, |(id, _)| *id)
}

pub(super) fn organizations() -> Answer {
    let one = json!({
        "id": "1", "slug": "acme", "name": "Acme", "dateCreated": "2018-11-06T21:19:55.101Z",
        "status": {"id": "active", "name": "active"}, "isEarlyAdopter": false, "require2FA": false,
        "hasAuthProvider": false, "allowMemberInvite": true, "allowMemberProjectCreation": true,
        "allowSuperuserAccess": false, "avatar": {"avatarType": "letter_avatar", "avatarUuid": null},
        "links": {"organizationUrl": "http://acme.invalid", "regionUrl": "http://us.invalid"}, "features": ["onboarding"]
    });
    Ok(Answered::Rows(vec![one], plain, Value::Null))
}

pub(super) fn project_list(state: &State) -> Answer {
    const SWITCHES: [&str; 27] = [
        "isBookmarked",
        "isMember",
        "firstTransactionEvent",
        "hasAccess",
        "hasFeedbacks",
        "hasFlags",
        "hasMinifiedStackTrace",
        "hasMonitors",
        "hasNewFeedbacks",
        "hasProfiles",
        "hasReplays",
        "hasSessions",
        "hasInsightsHttp",
        "hasInsightsDb",
        "hasInsightsAssets",
        "hasInsightsAppStart",
        "hasInsightsScreenLoad",
        "hasInsightsVitals",
        "hasInsightsCaches",
        "hasInsightsQueues",
        "hasInsightsAgentMonitoring",
        "hasInsightsMCP",
        "hasLogs",
        "hasTraceMetrics",
        "hasUserReports",
        "",
        "",
    ];
    let rows = state.data.projects.iter().map(|(id, slug)| {
        let mut one = json!({
            "id": id.to_string(), "slug": slug, "name": slug, "platform": "python",
            "dateCreated": "2018-11-06T21:19:58.536Z", "features": [], "firstEvent": null, "access": ["event:read"],
            "team": null, "teams": [{"id": "2", "name": "all", "slug": "all"}], "platforms": ["python"],
            "environments": ["production", "staging"], "latestRelease": null
        });
        for switch in SWITCHES.iter().filter(|switch| !switch.is_empty()) {
            one[*switch] = true.into();
        }
        one
    });
    Ok(Answered::Rows(rows.collect(), plain, Value::Null))
}

pub(super) fn events(state: &State, query: &Query) -> Answer {
    let (Some(start), Some(end)) = (query.one("start"), query.one("end")) else {
        return refuse("start and end are needed");
    };
    let (start, end) = (seconds(start)?, seconds(end)?);
    let fields = query.all("field");
    if fields.is_empty() || fields.len() > 20 {
        return refuse("1 to 20 fields are needed");
    }
    if query.all("sort").iter().any(|sort| !fields.contains(&sort.trim_start_matches('-'))) {
        return refuse("Cannot sort by a field that is not selected.");
    }
    let chosen = projects(state, query)?;
    let dataset = query.one("dataset").unwrap_or("discover");
    if !state.datasets.contains(&dataset) {
        return refuse("dataset must be one of those known");
    }
    let search = query.one("query").unwrap_or_default();
    let transactions = match (dataset, search) {
        ("errors", "") | ("discover", "!event.type:transaction") => false,
        ("spans", "is_transaction:true") | ("transactions", "") | ("discover", "event.type:transaction") => {
            true
        }
        _ => return refuse("Invalid query."),
    };
    let rows: Vec<Value> = if transactions {
        transaction_rows(state, start, end, &chosen, &fields)?
    } else {
        if fields != ["project", "level", "count()"] {
            return refuse("Invalid field.");
        }
        let totals = state.data.error_totals(start, end).into_iter();
        let selected = totals.filter(|((project, _), _)| chosen.contains(project.as_str()));
        selected.map(
            |((project, level), count)| json!({"project": project, "level": level, "count()": count as u64}),
        )
        .collect()
    };
    let meta: serde_json::Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), Value::from("integer"))).collect();
    let whole = |rows, meta: &Value| json!({"data": rows, "meta": {"fields": meta}});
    Ok(Answered::Rows(rows, whole, Value::Object(meta)))
}

fn transaction_rows(
    state: &State,
    start: i64,
    end: i64,
    chosen: &BTreeSet<&str>,
    fields: &[&str],
) -> Result<Vec<Value>, (u16, String)> {
    let mut durations: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let events = state.data.transactions.iter();
    for event in events.filter(|event| (start..end).contains(&event.time) && chosen.contains(event.project)) {
        durations.entry(event.project).or_default().push(event.milliseconds);
    }
    let mut rows = Vec::new();
    for (project, mut values) in durations {
        values.sort_by(f64::total_cmp);
        let mut row = json!({});
        for field in fields {
            let quantile = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
            row[*field] = match field.split('(').next().unwrap_or_default() {
                "project" => project.into(),
                "count" => values.len().into(),
                "avg" => (values.iter().sum::<f64>() / values.len() as f64).into(),
                "p50" => quantile(0.5).into(),
                "p75" => quantile(0.75).into(),
                "p95" => quantile(0.95).into(),
                "p99" => quantile(0.99).into(),
                _ => return refuse("Invalid field."),
            };
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Returns the time range of a request: the end is inclusive, rounded up to whole hours.
fn time_range(query: &Query) -> Result<(i64, i64), (u16, String)> {
    const HOUR: i64 = 3600;
    if query.one("interval").is_some_and(|interval| interval != "1h" && interval != "1d") {
        return refuse("The interval has to be at least one hour.");
    }
    let (Some(start), Some(end)) = (query.one("start"), query.one("end")) else {
        return refuse("start and end are needed");
    };
    let (start, end) = (seconds(start)?, seconds(end)? + 1);
    let up =
        |seconds: i64| seconds.div_euclid(HOUR) * HOUR + if seconds.rem_euclid(HOUR) > 0 { HOUR } else { 0 };
    Ok((up(end) - up(end - start), up(end)))
}

pub(super) fn stats(state: &State, query: &Query) -> Answer {
    let (start, end) = time_range(query)?;
    let chosen = projects(state, query)?;
    if query.all("groupBy") != ["project", "category", "outcome"] || query.all("field") != ["sum(quantity)"] {
        return refuse("Invalid groupBy or field");
    }
    let totals = state.data.outcome_totals(start, end).into_iter();
    let groups = totals.filter(|((project, _, _), _)| chosen.contains(project.as_str())).map(
        |((project, category, outcome), quantity)| {
            json!({
                "by": {"project": project_id(state, &project), "category": category, "outcome": outcome},
                "totals": {"sum(quantity)": quantity as u64}, "series": {}
            })
        },
    );
    let head = json!({"start": text(start), "end": text(end), "intervals": [text(start)]});
    Ok(Answered::Rows(groups.collect(), groups_answer, head))
}

fn groups_answer(groups: Vec<Value>, head: &Value) -> Value {
    let mut answer = head.clone();
    answer["groups"] = Value::Array(groups);
    answer
}

pub(super) fn sessions(state: &State, query: &Query) -> Answer {
    let (start, end) = time_range(query)?;
    let chosen = projects(state, query)?;
    let (groups, fields) = (query.all("groupBy"), query.all("field"));
    if fields.iter().any(|field| field.starts_with("crash")) && groups.contains(&"session.status") {
        return refuse("Cannot group by session.status when crash rates are asked for");
    }
    let key = |event: &SessionEvent| -> Vec<(String, String)> {
        let value = |group: &str| match group {
            "project" => event.project,
            "environment" => event.environment,
            "release" => event.release,
            _ => event.status,
        };
        groups.iter().map(|group| ((*group).to_owned(), value(group).to_owned())).collect()
    };
    let mut rows = Vec::new();
    for (by, [sessions, users, crashed, saw]) in state.data.session_totals(start, end, key) {
        if by.iter().any(|(group, value)| group == "project" && !chosen.contains(value.as_str())) {
            continue;
        }
        let mut row = json!({"by": {}, "series": {}, "totals": {}});
        for (group, value) in by {
            row["by"][&group] =
                if group == "project" { project_id(state, &value).into() } else { Value::from(value) };
        }
        for field in &fields {
            row["totals"][*field] = match *field {
                "sum(session)" => (sessions as u64).into(),
                "count_unique(user)" => (users as u64).into(),
                "crash_free_rate(session)" => (1.0 - crashed / sessions).into(),
                "crash_free_rate(user)" => (1.0 - saw / users).into(),
                _ => return refuse("Invalid field"),
            };
        }
        rows.push(row);
    }
    let head = json!({"start": text(start), "end": text(end), "intervals": [text(start)], "query": ""});
    Ok(Answered::Rows(rows, groups_answer, head))
}

pub(super) fn issues(state: &State, query: &Query) -> Answer {
    let chosen = projects(state, query)?;
    if query.one("query") != Some("is:unresolved") {
        return refuse("Invalid query.");
    }
    let rows = state.data.issues.iter().filter(|issue| chosen.contains(issue.project)).map(|issue| {
        json!({
            "id": issue.id.to_string(), "shareId": null, "shortId": format!("ACME-{}", issue.id), "title": "Error",
            "culprit": null, "permalink": "http://acme.invalid/issues/1/", "logger": null, "level": issue.level,
            "status": "unresolved", "statusDetails": {}, "substatus": "ongoing", "isPublic": false,
            "platform": "python", "priority": "high",
            "project": {
                "id": project_id(state, issue.project).to_string(), "name": issue.project, "slug": issue.project,
                "platform": "python"
            },
            "type": "error", "issueType": "error", "issueCategory": "error", "metadata": {"value": "x"},
            "numComments": 0, "assignedTo": null, "isBookmarked": false, "isSubscribed": false,
            "subscriptionDetails": null, "hasSeen": false, "annotations": [], "isUnhandled": true, "count": "12",
            "userCount": 3, "firstSeen": "2026-11-06T21:19:55Z", "lastSeen": "2026-11-07T21:19:55Z"
        })
    });
    Ok(Answered::Rows(rows.collect(), plain, Value::Null))
}

pub(super) fn monitors(state: &State, query: &Query) -> Answer {
    let chosen = projects(state, query)?;
    let mut rows: BTreeMap<&str, Value> = BTreeMap::new();
    for monitor in state.data.monitors.iter().filter(|monitor| chosen.contains(monitor.project)) {
        let environment = json!({
            "name": monitor.environment, "status": monitor.status, "isMuted": false,
            "dateCreated": text(monitor.due - 86_400), "lastCheckIn": text(monitor.due - 3_600),
            "nextCheckIn": text(monitor.due - 300), "nextCheckInLatest": text(monitor.due), "activeIncident": null
        });
        let one = rows.entry(monitor.slug).or_insert_with(|| {
            json!({
                "id": monitor.slug, "name": monitor.slug, "slug": monitor.slug, "status": "active", "isMuted": false,
                "isUpserting": false, "dateCreated": text(monitor.due - 86_400), "owner": null, "environments": [],
                "config": {
                    "schedule_type": "crontab", "schedule": "0 2 * * *", "checkin_margin": 5, "max_runtime": 30,
                    "timezone": "UTC", "failure_issue_threshold": 1, "recovery_threshold": 1, "alert_rule_id": null
                },
                "project": {"id": project_id(state, monitor.project).to_string(), "slug": monitor.project}
            })
        });
        if state.documented_monitors {
            one["environments"] = environment;
        } else if let Some(environments) = one["environments"].as_array_mut() {
            environments.push(environment);
        }
    }
    Ok(Answered::Rows(rows.into_values().collect(), plain, Value::Null))
}
