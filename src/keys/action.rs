//! The one table of actions. Key map, help, slash words and the key list of the manual all come from it.

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// The text being written.
    Composer,
    /// The conversations.
    List,
    /// The open conversation.
    Transcript,
    /// The prompts.
    Library,
    /// Pickers, forms, help.
    Overlay,
    /// Wherever the others leave a key free.
    Everywhere,
}

impl Context {
    pub const ALL: [Context; 6] = [
        Context::Composer,
        Context::List,
        Context::Transcript,
        Context::Library,
        Context::Overlay,
        Context::Everywhere,
    ];

    /// The table's name in `keys.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Context::Composer => "composer",
            Context::List => "list",
            Context::Transcript => "transcript",
            Context::Library => "library",
            Context::Overlay => "overlay",
            Context::Everywhere => "everywhere",
        }
    }

    /// A heading for help.
    pub fn title(self) -> &'static str {
        match self {
            Context::Composer => "Writing",
            Context::List => "Conversations",
            Context::Transcript => "Reading",
            Context::Library => "Prompts",
            Context::Overlay => "Pickers and forms",
            Context::Everywhere => "Everywhere",
        }
    }
}

/// Declares `Action` and its table: variant, id, one line, contexts, then `/ "word"` if it can be typed, then
/// `unshown` if help leaves it out because every editor has it.
macro_rules! actions {
    ($($variant:ident $id:literal $about:literal [$($context:ident)+] $(/ $word:literal)? $($shown:ident)?;)+) => {
        /// Something the user can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $about] $variant,)+
        }

        impl Action {
            pub const ALL: &[Action] = &[$(Action::$variant,)+];

            /// The name in `keys.toml`.
            pub fn id(self) -> &'static str {
                match self {
                    $(Action::$variant => $id,)+
                }
            }

            /// What it does, one line without a full stop.
            pub fn about(self) -> &'static str {
                match self {
                    $(Action::$variant => $about,)+
                }
            }

            /// Where it makes sense. `Everywhere` also allows a key for it in every other context.
            pub fn contexts(self) -> &'static [Context] {
                match self {
                    $(Action::$variant => &[$(Context::$context,)+],)+
                }
            }

            /// What is typed after `/` in the composer to do it.
            pub fn word(self) -> Option<&'static str> {
                match self {
                    $(Action::$variant => None$(.or(Some($word)))?,)+
                }
            }

            /// Whether help lists it.
            pub fn is_shown(self) -> bool {
                match self {
                    $(Action::$variant => true $(&& stringify!($shown) != "unshown")?,)+
                }
            }
        }
    };
}

actions! {
    // Writing.
    Send "chat.send" "Send the message" [Composer];
    Complete "chat.complete" "Complete the word, or show the pasted text in full; else next pane" [Composer];
    Newline "composer.newline" "Start a new line" [Composer Overlay];
    Left "composer.left" "One character back" [Composer] unshown;
    Right "composer.right" "One character on" [Composer] unshown;
    WordLeft "composer.word_left" "One word back" [Composer] unshown;
    WordRight "composer.word_right" "One word on" [Composer] unshown;
    LineStart "composer.line_start" "To the start of the line" [Composer] unshown;
    LineEnd "composer.line_end" "To the end of the line" [Composer] unshown;
    TextStart "composer.text_start" "To the start of the text" [Composer] unshown;
    TextEnd "composer.text_end" "To the end of the text" [Composer] unshown;
    Previous "composer.previous" "Line up; on the first line: what is queued, the stash, earlier questions" [Composer];
    Next "composer.next" "Line down; on the last line, the question after" [Composer];
    DeleteBack "composer.delete_back" "Delete the character before the caret" [Composer] unshown;
    Delete "composer.delete" "Delete the character under the caret; when empty and idle, quit if pressed twice" [Composer] unshown;
    KillWordBack "composer.kill_word_back" "Cut the word before the caret" [Composer];
    KillWord "composer.kill_word" "Cut the word after the caret" [Composer] unshown;
    KillToStart "composer.kill_to_start" "Cut to the start of the line" [Composer];
    KillToEnd "composer.kill_to_end" "Cut to the end of the line" [Composer];
    Yank "composer.yank" "Put back what was cut" [Composer];
    UndoEdit "composer.undo" "Undo the last edit" [Composer];
    RedoEdit "composer.redo" "Redo the edit" [Composer];

    // The conversation at hand.
    PickModel "chat.model" "Use another model from the next message on" [Everywhere] / "model";
    EditSystem "chat.system" "Write this conversation's own instructions" [Everywhere] / "system";
    ShowSystem "chat.system_text" "All that the model is told before your messages" [Everywhere] / "system-text";
    PickPersona "persona.pick" "Talk with a persona, or with none" [Everywhere] / "persona";
    NewPersona "persona.new" "Make a persona" [Overlay Everywhere] / "new-persona";
    EditPersona "persona.edit" "Edit the persona" [List Overlay Everywhere] / "edit-persona";
    DuplicatePersona "persona.duplicate" "Copy the persona under another name" [List Overlay] / "duplicate-persona";
    TrashPersona "persona.trash" "Move the persona to the trash; its conversations stay" [Overlay];
    TrashedPersonas "persona.trashed" "Show the personas in the trash, or the others again" [Overlay];
    Retry "chat.retry" "Ask again: another answer beside this one" [Transcript Everywhere] / "retry";
    RetryWith "chat.retry_with" "Ask again with another model" [Transcript Everywhere] / "retry-with";
    Continue "chat.continue" "Go on where a stopped or cut answer ended" [Transcript Everywhere] / "continue";
    EditQuestion "chat.edit" "Edit the question as a new branch" [Transcript Everywhere] / "edit";
    PreviousSibling "chat.previous_sibling" "The version before this one" [Transcript] / "previous-version";
    NextSibling "chat.next_sibling" "The version after this one" [Transcript] / "next-version";
    UseProvider "chat.use" "Talk with a server found here, or a provider" [Everywhere] / "use";
    SetKey "chat.key" "Set a provider's key, or forget it" [Everywhere] / "key";
    SearchAll "chat.search" "Search all conversations" [Everywhere] / "search";
    CopyAnswer "chat.copy_answer" "Copy the last answer" [Everywhere] / "copy";
    Stash "chat.stash" "Put the draft aside; ↑ brings it back" [Composer Everywhere] / "stash";
    ExpandPaste "chat.expand" "Show pasted text in full" [Composer Everywhere] / "expand";
    LongText "chat.compose" "Long text: Enter and the keys for a new line change places" [Composer Everywhere] / "compose";
    PickQuestion "chat.history" "Look for an earlier question of yours" [Composer Everywhere] / "history";

    // Reading.
    Copy "transcript.copy" "Copy the message, or the block of code at hand" [Transcript] / "copy-message";
    CopyAll "transcript.copy_all" "Copy the whole conversation as markdown" [Transcript Everywhere] / "copy-all";
    Quote "transcript.quote" "Quote the message, or the block of code, in the composer" [Transcript Everywhere] / "quote";
    Fold "transcript.fold" "Fold or unfold the reasoning" [Transcript Composer] / "reasoning";
    FoldLong "transcript.fold_message" "Fold or unfold a long message; a short one: its reasoning" [Transcript Everywhere] / "fold";
    NextBlock "transcript.next_block" "To the next block of code" [Transcript Everywhere] / "blocks";
    PreviousBlock "transcript.previous_block" "To the block of code before" [Transcript] / "previous-block";
    WriteBlock "transcript.write" "Write the block of code at hand to a file" [Transcript] / "write-block";
    FindWords "transcript.find" "Find words in the conversation" [Transcript Everywhere] / "find";
    NextHit "transcript.next_hit" "To the next place where they stand" [Transcript] / "next-hit";
    PreviousHit "transcript.previous_hit" "To the place before" [Transcript] / "previous-hit";
    Outline "transcript.outline" "Your questions: go to one" [Transcript Everywhere] / "outline";
    Details "transcript.details" "Model, tokens, cost and times of the message" [Transcript] / "details";
    MessageUp "transcript.message_up" "To the message before" [Transcript];
    MessageDown "transcript.message_down" "To the message after" [Transcript];
    ScrollUp "transcript.up" "One line up" [Transcript] unshown;
    ScrollDown "transcript.down" "One line down" [Transcript] unshown;
    ScrollHalfUp "transcript.half_up" "Half a page up" [Transcript];
    ScrollHalfDown "transcript.half_down" "Half a page down" [Transcript];
    ScrollPageUp "transcript.page_up" "Scroll the conversation up" [Transcript Composer Everywhere];
    ScrollPageDown "transcript.page_down" "Scroll the conversation down" [Transcript Composer Everywhere];
    ScrollStart "transcript.start" "To the start of the conversation" [Transcript Composer Everywhere];
    ScrollEnd "transcript.end" "To its end, following the answer" [Transcript Composer Everywhere];
    ScrollLeft "transcript.left" "Scroll wide code or a table to the left" [Transcript];
    ScrollRight "transcript.right" "Scroll it to the right" [Transcript];

    // Lists.
    ListUp "list.up" "One row up" [List Library Overlay] unshown;
    ListDown "list.down" "One row down" [List Library Overlay] unshown;
    ListHalfUp "list.half_up" "Half a page up" [List Library Overlay] unshown;
    ListHalfDown "list.half_down" "Half a page down" [List Library Overlay] unshown;
    ListPageUp "list.page_up" "A page up" [List Library Overlay] unshown;
    ListPageDown "list.page_down" "A page down" [List Library Overlay] unshown;
    ListFirst "list.first" "To the first row" [List Library Overlay];
    ListLast "list.last" "To the last row" [List Library Overlay];
    FoldGroup "list.fold" "Fold the group, or the persona" [List] / "fold-group";
    UnfoldGroup "list.unfold" "Unfold the group, or the persona" [List] / "unfold-group";
    Filter "list.filter" "Filter by words, or by a word such as persona:NAME or tag:NAME" [List Library] / "filter";
    Mark "list.mark" "Mark the row and go on; actions are about the marked rows" [List] / "mark";
    MarkRange "list.range" "Begin a range of marks here, or end it" [List] / "mark-range";
    OrderConversations "list.order" "Order the conversations by activity, creation, title or messages" [List Everywhere] / "order";
    NewConversation "conversation.new" "A new conversation" [Everywhere] / "new";
    OpenConversation "conversation.open" "Open the conversation; on a persona, begin a new one with it" [List] / "open";
    RenameConversation "conversation.rename" "Rename the conversation" [List Everywhere] / "rename";
    PinConversation "conversation.pin" "Pin the conversation to the top, or let it go" [List Everywhere] / "pin";
    ArchiveConversation "conversation.archive" "Put the conversation into the archive, or take it out" [List Everywhere] / "archive";
    TagConversation "conversation.tags" "Write the tags of the conversation" [List Everywhere] / "tags";
    DuplicateConversation "conversation.duplicate" "Copy the conversation, or the persona" [List Everywhere] / "duplicate";
    TrashConversation "conversation.trash" "Move the conversation, or the persona, to the trash" [List Everywhere] / "trash";
    RestoreConversation "conversation.restore" "Take the conversation out of the trash" [List Everywhere] / "restore";
    ExportConversation "conversation.export" "Write the conversation to a file" [List Everywhere] / "export";
    PurgeConversation "conversation.purge" "In the trash: remove the conversation for good" [List Everywhere] / "purge";
    EmptyTrash "list.empty_trash" "Remove for good all that is in the trash" [List Everywhere] / "empty-trash";
    UndoAction "list.undo" "Undo the last change of the list" [List Everywhere] / "undo";
    ToggleArchive "list.archive" "Show the archive, or the conversations again" [List Everywhere] / "archived";
    ToggleTrash "list.trash" "Show the trash, or the conversations again" [List Everywhere] / "trashed";

    // Prompts.
    InsertPrompt "library.insert" "Use the prompt: fill its fields, put it into the composer" [Library] / "use-prompt";
    TryPrompt "prompt.try" "Try the prompt: the answer is shown here and not kept" [Library Overlay] / "try-prompt";
    TryWith "prompt.try_with" "Try it with another model" [Library Overlay] / "try-prompt-with";
    NewPrompt "prompt.new" "Write a new prompt" [Everywhere] / "new-prompt";
    EditPrompt "prompt.edit" "Edit the prompt" [Library] / "edit-prompt";
    DuplicatePrompt "prompt.duplicate" "Make a copy of the prompt to edit" [Library] / "duplicate-prompt";
    TrashPrompt "prompt.trash" "Move the prompt to the trash" [Library] / "trash-prompt";
    RestorePrompt "prompt.restore" "Take the prompt out of the trash" [Library] / "restore-prompt";
    HidePrompt "prompt.hide" "Hide a shipped prompt, or show it again" [Library] / "hide-prompt";
    PromptVersions "prompt.versions" "The earlier versions of the prompt" [Library] / "prompt-versions";
    PromptUses "prompt.uses" "Where the prompt was used" [Library] / "prompt-uses";
    FilterBy "library.filter_by" "Show one scenario or one tag" [Library] / "prompt-group";
    OrderPrompts "library.order" "Order the prompts by use or by title" [Library] / "order-prompts";
    ToggleShipped "library.shipped" "Leave the shipped prompts out, or show them again" [Library] / "shipped-prompts";
    ToggleHidden "library.hidden" "Show hidden prompts too, or not" [Library] / "hidden-prompts";

    // Pickers and forms.
    Accept "overlay.accept" "Take what is selected or written" [Overlay];
    NextField "form.next" "To the next field" [Overlay];
    PreviousField "form.previous" "To the field before" [Overlay];
    EditOutside "form.editor" "Write the text in your own editor" [Overlay Everywhere] / "editor";
    MadeText "form.made" "Bring back the text made from the fields" [Overlay];
    RefreshPicker "picker.refresh" "Ask the providers for their models again" [Overlay];
    Favourite "picker.favourite" "Mark the model as a favourite, or unmark it" [Overlay];

    // The screen.
    FocusComposer "pane.composer" "Write" [Everywhere] / "write";
    FocusList "pane.list" "Go to the conversations" [Everywhere] / "list";
    FocusTranscript "pane.transcript" "Go to the open conversation" [Everywhere] / "read";
    FocusLibrary "pane.library" "Go to the prompts" [Everywhere] / "prompts";
    FocusNext "pane.next" "Next pane" [Everywhere];
    FocusPrevious "pane.previous" "Previous pane" [Everywhere];
    TogglePanes "view.panes" "Hide or show the side panes" [Everywhere] / "panes";
    ReadingMode "view.reading" "Reading mode: the mouse is your terminal's" [Everywhere] / "reading";
    CycleTheme "view.theme" "Dark, light, or as the terminal is" [Everywhere] / "theme";
    Doctor "app.doctor" "Check database, providers and terminal" [Everywhere] / "doctor";
    Palette "app.palette" "All that can be done, found by typing" [Everywhere] / "palette";
    Help "app.help" "The keys that work here" [Everywhere] / "help";
    Redraw "app.redraw" "Draw the screen anew" [Everywhere] / "redraw";
    Suspend "app.suspend" "Suspend salon; `fg` brings it back" [Everywhere] / "suspend";
    Quit "app.quit" "Leave salon" [Everywhere] / "quit";
}

impl Action {
    /// The action of this id.
    pub fn of_id(id: &str) -> Option<Action> {
        Self::ALL.iter().copied().find(|action| action.id() == id)
    }

    /// The action of this word, typed in the composer after `/`.
    pub fn of_word(word: &str) -> Option<Action> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.word() == Some(word))
    }

    /// All words, in the order of the table.
    pub fn words() -> impl Iterator<Item = (&'static str, Action)> {
        Self::ALL
            .iter()
            .filter_map(|action| action.word().map(|word| (word, *action)))
    }

    /// Whether a key for it may stand in this context.
    pub fn fits(self, context: Context) -> bool {
        self.contexts().contains(&context) || self.contexts().contains(&Context::Everywhere)
    }

    /// Whether it edits or moves in a text; the fields of forms and pickers take these from the composer's keys.
    pub fn is_edit(self) -> bool {
        self.id().starts_with("composer.")
    }
}

/// A key that is no binding but a ladder: the first step that applies is taken (peers 5.3). It cannot be rebound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    pub key: &'static str,
    /// Its steps in order, one line.
    pub about: &'static str,
}

/// The two ladders, for help.
pub const LADDERS: [Ladder; 2] = [
    Ladder {
        key: "Esc",
        about: "One step back: close what is open, leave the selection, take marks away, clear the filter, stop the answer, return to the composer; twice when idle, edit an earlier question",
    },
    Ladder {
        key: "Ctrl+C",
        about: "Copy the selection; else stop the answer; else put the draft into the stash; else, pressed twice, quit",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_and_words_are_unique_and_every_action_is_described() {
        let mut ids = BTreeSet::new();
        let mut words = BTreeSet::new();
        for action in Action::ALL {
            assert!(ids.insert(action.id()), "{} twice", action.id());
            if let Some(word) = action.word() {
                assert!(words.insert(word), "/{word} twice");
                assert_eq!(Action::of_word(word), Some(*action));
            }
            assert!(!action.contexts().is_empty(), "{action:?}");
            let about = action.about();
            assert!(!about.is_empty() && !about.ends_with('.'), "{about}");
            assert_eq!(Action::of_id(action.id()), Some(*action));
        }
        assert_eq!(Action::of_word("keys"), None);
    }

    #[test]
    fn help_leaves_out_only_what_every_editor_has() {
        assert!(Action::Send.is_shown());
        assert!(!Action::Left.is_shown());
        assert!(Action::Yank.is_edit() && !Action::Send.is_edit());
    }
}
