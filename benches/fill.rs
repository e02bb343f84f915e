//! Makes a large database for measuring, the same one for the same seed, and says how long looking at it takes.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for measuring prints what it measured"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use salon::domain::conversation::{Conversation, Sampling, TitleBy};
use salon::domain::filter::persona_term;
use salon::domain::id::{ConversationId, MessageId, Mint, PersonaId, PromptId};
use salon::domain::message::{Finish, Message, Role, Status};
use salon::domain::model::ModelRef;
use salon::domain::persona::{Profile, Relationship};
use salon::domain::prompt::Sheet;
use salon::domain::usage::Money;
use salon::domain::when::Millis;
use salon::protocol::{At, Cursor, Order, Query, Which};
use salon::store::{Store, StoreError, Whole};

const HELP: &str = "fill: makes a database for measuring salon

  fill --data-dir DIR [--conversations 10000] [--messages 1000000] [--seed 1] [--open 200]
       [--personas 200] [--prompts 2000]
      many conversations over two years in several languages, every second one with a persona, every tenth begun with
      a prompt; the last one, with --open messages, is the conversation salon opens on
  fill --data-dir DIR --history 2000 [--bytes 1000]
      one conversation of so many messages of about so many bytes
  fill --data-dir DIR --look
      how long looking at the database there takes

DIR must not hold a salon.db yet, except for --look.";

/// The newest message is from then: 2026-11-01T00:00:00Z.
const END: i64 = 1_793_491_200_000;
/// Two years.
const SPAN: i64 = 2 * 365 * 86_400_000;
/// Messages in one transaction.
const BATCH: usize = 10_000;

#[derive(Default)]
struct Wanted {
    data_dir: Option<PathBuf>,
    conversations: u64,
    messages: u64,
    seed: u64,
    open: u64,
    personas: u64,
    prompts: u64,
    history: Option<u64>,
    bytes: usize,
    is_look: bool,
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted {
        conversations: 10_000,
        messages: 1_000_000,
        seed: 1,
        open: 200,
        personas: 200,
        prompts: 2000,
        bytes: 1000,
        ..Wanted::default()
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        if name == "--look" {
            wanted.is_look = true;
            continue;
        }
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("{name}: {value} is no number"))
        };
        match name.as_str() {
            "--data-dir" => wanted.data_dir = Some(PathBuf::from(&value)),
            "--conversations" => wanted.conversations = number()?.max(1),
            "--messages" => wanted.messages = number()?,
            "--seed" => wanted.seed = number()?,
            "--open" => wanted.open = number()?.max(2),
            "--personas" => wanted.personas = number()?,
            "--prompts" => wanted.prompts = number()?,
            "--history" => wanted.history = Some(number()?.max(1)),
            "--bytes" => wanted.bytes = usize::try_from(number()?).unwrap_or(usize::MAX),
            _ => return Err(format!("{name} is not known")),
        }
    }
    Ok(wanted)
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) if wanted.data_dir.is_some() => wanted,
        Ok(_) => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(wanted: &Wanted) -> Result<(), StoreError> {
    let folder = wanted.data_dir.clone().unwrap_or_default();
    let (db, run_dir) = (folder.join("salon.db"), folder.join("run"));
    if wanted.is_look {
        return look(&db, &run_dir).await;
    }
    if db.exists() {
        return Err(StoreError::Other(format!(
            "{} is there already",
            db.display()
        )));
    }
    let mint = Mint::new(Arc::new(|| Millis(END)));
    let store = Store::open(&db, &run_dir, &mint).await?;
    let start = Instant::now();
    let last = match wanted.history {
        Some(messages) => history(&store, messages, wanted.bytes).await?,
        None => fill(&store, wanted).await?,
    };
    store.set_last_conversation(Some(last)).await?;
    store.close().await;
    println!("{} in {:.1} s", db.display(), start.elapsed().as_secs_f64());
    Ok(())
}

/// Many conversations in the order of their time, so that indices grow at their ends.
async fn fill(store: &Store, wanted: &Wanted) -> Result<ConversationId, StoreError> {
    let mut dice = Dice(wanted.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let sizes = sizes(wanted, &mut dice);
    let shelf = Shelf::fill(store, wanted).await?;
    let step = SPAN / i64::try_from(sizes.len()).unwrap_or(1);
    let mut at = END - SPAN;
    let mut batch = Vec::new();
    let (mut waiting, mut done, mut last) = (0, 0, None);
    let start = Instant::now();
    for (number, size) in sizes.iter().enumerate() {
        let mut whole = talk(&mut dice, number, *size, at);
        shelf.spread(number, &mut whole);
        at += step;
        waiting += whole.messages.len();
        last = Some(whole.conversation.id);
        batch.push(whole);
        if waiting >= BATCH || number + 1 == sizes.len() {
            store.insert_whole(&batch).await?;
            let before = done / 100_000;
            done += waiting;
            if done / 100_000 > before {
                println!(
                    "{done} messages after {:.1} s",
                    start.elapsed().as_secs_f64()
                );
            }
            batch.clear();
            waiting = 0;
        }
    }
    last.ok_or(StoreError::Gone("the conversation"))
}

/// The personas and prompts of the database.
struct Shelf {
    personas: Vec<PersonaId>,
    prompts: Vec<PromptId>,
}

impl Shelf {
    async fn fill(store: &Store, wanted: &Wanted) -> Result<Shelf, StoreError> {
        // Dice of their own: the conversations are the same whatever stands here.
        let mut dice = Dice(wanted.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
        let start = Instant::now();
        let mut shelf = Shelf {
            personas: Vec::new(),
            prompts: Vec::new(),
        };
        for number in 0..wanted.personas {
            let tongue = &TONGUES[dice.pick(TONGUES.len())];
            let id = PersonaId(dice.id(END - SPAN));
            let profile = Profile {
                name: format!("{} {number}", words(&mut dice, tongue, 1)),
                relationship: Relationship::ALL[dice.pick(Relationship::ALL.len())],
                description: words(&mut dice, tongue, 40),
                instructions: words(&mut dice, tongue, 20),
                ..Profile::default()
            };
            store.add_persona(id, &profile, None).await?;
            shelf.personas.push(id);
        }
        for number in 0..wanted.prompts {
            let tongue = &TONGUES[dice.pick(TONGUES.len())];
            let id = PromptId(dice.id(END - SPAN));
            let sheet = Sheet {
                title: format!("{} {number}", words(&mut dice, tongue, 3)),
                content: format!("{} {{topic}} {{tone|kind|dry}}", answer(&mut dice, tongue)),
                scenario: SCENARIOS[dice.pick(SCENARIOS.len())].to_owned(),
                description: words(&mut dice, tongue, 8),
                tags: vec![
                    format!("tag{}", dice.below(50)),
                    format!("tag{}", dice.below(50)),
                ],
                ..Sheet::default()
            };
            store.add_prompt(id, &sheet.tidied()).await?;
            if number.is_multiple_of(4) {
                let values = BTreeMap::from([("topic".to_owned(), number.to_string())]);
                store.prompt_used(id, &values).await?;
            }
            shelf.prompts.push(id);
        }
        let (personas, prompts) = (shelf.personas.len(), shelf.prompts.len());
        let took = start.elapsed().as_secs_f64();
        println!("{personas} personas and {prompts} prompts after {took:.1} s");
        Ok(shelf)
    }

    /// Gives the conversation of that number its persona and its prompt: the first persona has the most.
    fn spread(&self, number: usize, whole: &mut Whole) {
        let turn = number / 2;
        if number % 2 == 1 && !self.personas.is_empty() {
            let place = if turn.is_multiple_of(3) {
                0
            } else {
                turn % self.personas.len()
            };
            let persona = Some(self.personas[place]);
            whole.conversation.persona = persona;
            for message in &mut whole.messages {
                message.persona = persona;
            }
        }
        if number.is_multiple_of(10)
            && !self.prompts.is_empty()
            && let Some(first) = whole.messages.first_mut()
        {
            first.prompt = Some((self.prompts[number / 10 % self.prompts.len()], 1));
        }
    }
}

const SCENARIOS: [&str; 8] = [
    "",
    "writing",
    "summarization",
    "coding",
    "learning",
    "analysis",
    "everyday",
    "work",
];

/// How many messages each conversation has: most are short, a few are very long, the last has `--open`.
fn sizes(wanted: &Wanted, dice: &mut Dice) -> Vec<u64> {
    let others = wanted.conversations - 1;
    let left = wanted.messages.saturating_sub(wanted.open);
    let weights: Vec<u64> = (0..others)
        .map(|_| match dice.below(100) {
            0 => 2000 + dice.below(4000),
            1..=9 => 300 + dice.below(500),
            _ => 5 + dice.below(90),
        })
        .collect();
    let sum: u64 = weights.iter().sum::<u64>().max(1);
    let mut sizes: Vec<u64> = weights.iter().map(|w| (left * w / sum) & !1).collect();
    // Rounding left some over; they go to the first ones, two by two.
    let mut over = left.saturating_sub(sizes.iter().sum());
    while over >= 2 && !sizes.is_empty() {
        for size in &mut sizes {
            if over >= 2 {
                *size += 2;
                over -= 2;
            }
        }
    }
    sizes.push(wanted.open);
    sizes
}

/// A conversation that began then, a message every half minute.
fn talk(dice: &mut Dice, number: usize, size: u64, start: i64) -> Whole {
    let tongue = &TONGUES[dice.pick(TONGUES.len())];
    let mut at = start;
    let id: ConversationId = ConversationId(dice.id(at));
    let model = MODELS[dice.pick(MODELS.len())];
    let mut title = words(dice, tongue, 4);
    title.push_str(&format!(" {number}"));
    let mut messages: Vec<Message> = Vec::new();
    for turn in 0..size {
        at += 1 + i64::try_from(dice.below(60_000)).unwrap_or(0);
        let parent = messages.last().map(|m: &Message| m.id);
        let text = if turn % 2 == 0 {
            let most = 6 + dice.pick(30);
            words(dice, tongue, most)
        } else {
            answer(dice, tongue)
        };
        let row = Message::question(dice.id(at).into(), id, parent, text, Millis(at));
        messages.push(message(row, turn, model));
    }
    Whole {
        conversation: conversation(id, title, model, start, messages.last()),
        messages,
    }
}

/// The message of that number: questions are even.
fn message(question: Message, turn: u64, model: &str) -> Message {
    let is_question = turn.is_multiple_of(2);
    Message {
        role: if is_question {
            Role::User
        } else {
            Role::Assistant
        },
        status: Status::Complete,
        finish: (!is_question).then_some(Finish::Stop),
        model: model.parse().ok(),
        first_token_ms: (!is_question).then_some(400),
        total_ms: (!is_question).then_some(5000),
        ..question
    }
}

fn conversation(
    id: ConversationId,
    title: String,
    model: &str,
    at: i64,
    tip: Option<&Message>,
) -> Conversation {
    Conversation {
        id,
        title,
        title_by: TitleBy::Model,
        model: model.parse().unwrap_or_else(|_| ModelRef::guide()),
        persona: None,
        system: String::new(),
        sampling: Sampling::default(),
        created_at: Millis(at),
        active_at: Millis(at),
        trashed_at: None,
        pinned_at: None,
        archived_at: None,
        tags: Vec::new(),
        tip: tip.map(|m| m.id),
        message_count: 0,
        tokens_in: 0,
        tokens_out: 0,
        cost: Money(0),
        storage: salon::domain::conversation::Storage::Local,
        thread: None,
        unpriced: 0,
        metadata: serde_json::json!({}),
    }
}

/// The long conversation of the measuring harness: message `n` names itself `m000n`, every third part is a list, every
/// fifth a code block.
async fn history(store: &Store, messages: u64, bytes: usize) -> Result<ConversationId, StoreError> {
    let mut dice = Dice(1);
    let start = END - i64::try_from(messages).unwrap_or(0) * 1000;
    let id = ConversationId(dice.id(start));
    let mut rows: Vec<Message> = Vec::new();
    for n in 0..messages {
        let at = start + i64::try_from(n).unwrap_or(0) * 1000;
        let parent = rows.last().map(|m| m.id);
        let text = history_text(n, bytes);
        let row = Message::question(dice.id(at).into(), id, parent, text, Millis(at));
        rows.push(message(row, n, "openai/gpt-4o"));
    }
    let title = "The long conversation".to_owned();
    let whole = Whole {
        conversation: conversation(id, title, "openai/gpt-4o", start, rows.last()),
        messages: rows,
    };
    store.insert_whole(&[whole]).await?;
    Ok(id)
}

fn history_text(n: u64, bytes: usize) -> String {
    let mut text = format!("message m{n:04} of the long conversation\n\n");
    let mut part = 0;
    while text.len() < bytes {
        part += 1;
        if part % 5 == 0 {
            text.push_str(&format!(
                "```rust\nfn main() {{\n    let answer = 42; // in m{n:04}\n    println!(\"{{answer}}\");\n}}\n```\n\n"
            ));
        } else if part % 3 == 0 {
            text.push_str(
                "- a point with **bold** and `code`\n- another [link](http://127.0.0.1/) here\n\n",
            );
        } else {
            text.push_str(
                "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor \
                 incididunt ut labore et dolore magna aliqua.\n\n",
            );
        }
    }
    text
}

/// A reply: paragraphs, sometimes a list or a code block.
fn answer(dice: &mut Dice, tongue: &Tongue) -> String {
    let mut text = String::new();
    for _ in 0..1 + dice.pick(5) {
        match dice.below(8) {
            0 => {
                for _ in 0..3 {
                    text.push_str("- ");
                    text.push_str(&words(dice, tongue, 8));
                    text.push('\n');
                }
                text.push('\n');
            }
            1 => {
                text.push_str(CODE[dice.pick(CODE.len())]);
                text.push('\n');
            }
            _ => {
                let most = 15 + dice.pick(45);
                text.push_str(&words(dice, tongue, most));
                text.push_str(tongue.stop);
                text.push_str("\n\n");
            }
        }
    }
    text
}

fn words(dice: &mut Dice, tongue: &Tongue, most: usize) -> String {
    let mut text = String::new();
    for n in 0..most {
        if n > 0 {
            text.push_str(tongue.gap);
        }
        text.push_str(tongue.words[dice.pick(tongue.words.len())]);
    }
    text
}

/// Words of a language, what stands between them and what ends a sentence.
struct Tongue {
    words: &'static [&'static str],
    gap: &'static str,
    stop: &'static str,
}

#[rustfmt::skip]
const TONGUES: &[Tongue] = &[
    Tongue { gap: " ", stop: ".", words: &["the", "a", "of", "to", "and", "in", "is", "that", "when", "borrow", "lifetime", "value",
        "server", "answer", "why", "how", "does", "build", "table", "index", "query", "window", "garden", "recipe", "travel",
        "letter", "history", "music", "river", "holds", "returns", "because", "often", "never", "measure", "quickly", "plan"] },
    Tongue { gap: " ", stop: ".", words: &["the", "model", "writes", "words", "stream", "token", "terminal", "cursor", "screen", "paste",
        "colour", "thread", "memory", "socket", "closes", "again", "before", "after", "while", "every", "only", "which"] },
    Tongue { gap: " ", stop: ".", words: &["der", "die", "das", "und", "nicht", "Straße", "Gärten", "über", "Fenster", "Brief", "schreiben",
        "wächst", "Übung", "schnell", "Rezept", "Reise", "warum", "weil", "immer", "größer", "Köln", "Äpfel", "zwölf"] },
    Tongue { gap: "", stop: "。", words: &["你好", "世界", "语言", "模型", "为什么", "数据", "表格", "窗口", "历史", "音乐", "河流", "写信",
        "旅行", "快速", "计划", "因为", "经常", "从不", "可以", "我们", "这个", "的", "了", "是", "在", "有"] },
    Tongue { gap: "", stop: "。", words: &["こんにちは", "世界", "言語", "モデル", "なぜ", "データ", "テーブル", "ウィンドウ", "歴史", "音楽",
        "川", "手紙", "旅行", "速い", "計画", "から", "よく", "は", "が", "を", "に", "です", "ます", "カーソル"] },
    Tongue { gap: " ", stop: ".", words: &["مرحبا", "العالم", "لغة", "نموذج", "لماذا", "بيانات", "جدول", "نافذة", "تاريخ", "موسيقى", "نهر",
        "رسالة", "سفر", "سريع", "خطة", "لأن", "في", "من", "على", "هذا"] },
    Tongue { gap: " ", stop: "!", words: &["🙂", "👍🏽", "👨‍👩‍👧‍👦", "🚀", "party", "cake", "🎂", "soon", "yes", "no", "🇯🇵", "train", "ticket",
        "sun", "☀️", "rain", "walk", "dog", "🐕", "great", "see", "you", "there"] },
];

const MODELS: &[&str] = &[
    "openai/gpt-4o",
    "openai/gpt-4o-mini",
    "anthropic/claude-sonnet",
    "ollama/llama3.2",
    "openrouter/mistral/large",
];

const CODE: &[&str] = &[
    "```rust\nfn main() {\n    for n in 0..10 {\n        println!(\"{n}\");\n    }\n}\n```\n",
    "```python\ndef answer(question: str) -> str:\n    return question.upper()\n```\n",
    "```sql\nSELECT model, count(*) FROM usage GROUP BY model ORDER BY 2 DESC;\n```\n",
    "```sh\ngit log --oneline | head -20\n```\n",
];

/// Random numbers that are the same on every machine (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.roll() >> 11) % end.max(1)
    }

    fn pick(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// A UUIDv7 of that millisecond.
    fn id(&mut self, at: i64) -> uuid::Uuid {
        let (a, b) = (self.roll().to_be_bytes(), self.roll().to_be_bytes());
        let bytes = [a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2], b[3], b[4]];
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap_or(0), &bytes)
            .into_uuid()
    }
}

/// The first looks of a start, then those of a day; the best of a few tries for all but the first.
async fn look(db: &std::path::Path, run_dir: &std::path::Path) -> Result<(), StoreError> {
    let mint = Mint::new(Arc::new(|| Millis(END)));
    let start = Instant::now();
    let store = Store::open(db, run_dir, &mint).await?;
    say("open", start.elapsed());
    let (rows, _) = store.list(&Query::default(), None, 0, Some(50)).await?;
    say("+ first page of the list", start.elapsed());
    let Some(last) = store.last_conversation().await? else {
        return Ok(());
    };
    let page = store.page(last, At::Tip, Some(50)).await?;
    say(
        "+ newest 50 messages of the last conversation",
        start.elapsed(),
    );
    store.start_writing().await?;
    say("+ ready to write", start.elapsed());

    let Some(row) = rows.last() else {
        return Ok(());
    };
    let after = Cursor {
        is_pinned: false,
        active_at: row.conversation.active_at,
        id: row.conversation.id,
    };
    let q = |words: &str| Query {
        words: words.to_owned(),
        which: Which::Active,
        persona: None,
        ..Query::default()
    };
    let (any, common) = (q(""), q("the"));
    best("next page of the list", || {
        store.list(&any, Some(after), 0, Some(50))
    })
    .await?;
    best("count", || store.count(Which::Active)).await?;
    best("filter, a common word", || {
        store.list(&common, None, 0, Some(50))
    })
    .await?;
    let (rare, greek) = (q("the model zzz"), q("ελλ"));
    best("filter, nothing found", || {
        store.list(&rare, None, 0, Some(50))
    })
    .await?;
    best("filter, nothing found, not ASCII", || {
        store.list(&greek, None, 0, Some(50))
    })
    .await?;

    look_at_the_list(&store).await?;
    look_at_the_shelf(&store).await?;

    let (all, _) = store.list(&Query::default(), None, 0, None).await?;
    let long = all.iter().max_by_key(|row| row.conversation.message_count);
    let Some(long) = long.map(|row| row.conversation.clone()) else {
        return Ok(());
    };
    println!(
        "in the longest conversation, {} messages:",
        long.message_count
    );
    let whole = store.page(long.id, At::Tip, None).await?;
    let ids: Vec<MessageId> = whole
        .messages
        .iter()
        .map(|shown| shown.message.id)
        .collect();
    let (first, middle) = (ids[0], ids[ids.len() / 2]);
    best("newest 50", || store.page(long.id, At::Tip, Some(50))).await?;
    best("50 before the middle", || {
        store.page(long.id, At::Before(middle), Some(50))
    })
    .await?;
    best("50 after the first", || {
        store.page(long.id, At::After(first), Some(50))
    })
    .await?;
    best("50 around the middle", || {
        store.page(long.id, At::Around(middle), Some(50))
    })
    .await?;
    best("all", || store.page(long.id, At::Tip, None)).await?;
    best("branch", || store.branch(ids[ids.len() - 1])).await?;
    best("questions", || store.questions(long.id)).await?;
    best("words that stand nowhere, looked for in all", || {
        store.find_words(long.id, "zebra crossing")
    })
    .await?;
    best("choose (walks and counts it)", || {
        store.choose(long.id, middle)
    })
    .await?;
    println!("{} messages on the last page", page.messages.len());
    store.close().await;
    Ok(())
}

async fn look_at_the_list(store: &Store) -> Result<(), StoreError> {
    best("count of the archive", || store.count_archived()).await?;
    for (name, order) in [
        ("first page by creation", Order::Created),
        ("first page by title", Order::Title),
        ("first page by messages", Order::Messages),
    ] {
        let by = Query {
            order,
            ..Query::default()
        };
        best(name, || store.list(&by, None, 0, Some(50))).await?;
    }
    for words in [
        "model:mini",
        "tag:nothing",
        "before:2025-06-30",
        "is:pinned",
    ] {
        let with = Query {
            words: words.to_owned(),
            ..Query::default()
        };
        best(&format!("filter, {words}"), || {
            store.list(&with, None, 0, Some(50))
        })
        .await?;
    }
    Ok(())
}

async fn look_at_the_shelf(store: &Store) -> Result<(), StoreError> {
    let with_words = |words| Query {
        words,
        ..Query::default()
    };
    let personas = store.personas().await?;
    let most = personas.iter().max_by_key(|one| one.conversations);
    let with = Query {
        persona: most.map(|one| one.persona.id),
        ..Query::default()
    };
    best("all personas with their sums", || store.personas()).await?;
    best("list of the persona with the most", || {
        store.list(&with, None, 0, Some(50))
    })
    .await?;
    let named =
        with_words(most.map_or_else(String::new, |one| persona_term(&one.persona.profile.name)));
    best("the same by its name", || {
        store.list(&named, None, 0, Some(50))
    })
    .await?;
    best("count of the same", || store.count_fitting(&with)).await?;
    let nobody = with_words("persona:none".to_owned());
    best("count of those without one", || {
        store.count_fitting(&nobody)
    })
    .await?;
    best("all prompts", || store.prompts(Which::Active)).await?;
    best("how prompts are used", || store.prompt_uses()).await?;
    Ok(())
}

async fn best<T, F: Future<Output = Result<T, StoreError>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> Result<(), StoreError> {
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        ask().await?;
        best = best.min(start.elapsed());
    }
    say(what, best);
    Ok(())
}

fn say(what: &str, took: Duration) {
    println!("{:9.3} ms  {what}", took.as_secs_f64() * 1000.0);
}
