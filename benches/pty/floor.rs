//! The floor: the least a ratatui program can do, an input line under a full screen of text.

use std::io;

use crossterm::event::{Event, KeyCode, KeyModifiers};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

/// Draws, echoes what is typed, ends at Ctrl+C.
pub fn run() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let mut typed = String::new();
    loop {
        terminal.draw(|frame| {
            let area: Rect = frame.area();
            let buffer = frame.buffer_mut();
            for y in 0..area.height - 1 {
                let line = format!(
                    "floor {y}: a line of the first frame, so that there is something to draw"
                );
                buffer.set_string(0, y, line, ratatui::style::Style::default());
            }
            let line = format!("> {typed}");
            buffer.set_string(0, area.height - 1, line, ratatui::style::Style::default());
        })?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the floor has nothing else to wait for"
        )]
        let event = crossterm::event::read()?;
        if let Event::Key(key) = event {
            #[expect(clippy::wildcard_enum_match_arm, reason = "the floor knows two keys")]
            match key.code {
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => break,
                KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    typed.clear();
                }
                KeyCode::Char(c) => typed.push(c),
                _ => {}
            }
        }
    }
    execute!(io::stdout(), cursor::Show, LeaveAlternateScreen)?;
    disable_raw_mode()
}
