//! Owns how the surroundings of a program decide the form of what it shows. Never reads them: they are arguments.

/// What counts of the surroundings of a program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment<'a> {
    /// The variable `WORKYARD_PROGRESS`, if it is set.
    pub setting: Option<&'a str>,
    /// The variable `TERM`, if it is set.
    pub term: Option<&'a str>,
    /// The variable `NO_COLOR`, if it is set.
    pub no_color: Option<&'a str>,
    /// Whether stderr is a terminal.
    pub is_terminal: bool,
    /// Whether a terminal of this system is known to understand escape codes though `TERM` is not set, as on Windows.
    pub needs_no_term: bool,
}

/// The form in which progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Bars that are redrawn in place.
    Bar {
        /// Whether they may have colours.
        in_colour: bool,
    },
    /// Lines for people.
    Plain,
    /// Lines for programs.
    Json,
    /// Nothing.
    Off,
}

impl Environment<'_> {
    /// The form that is asked for; by default bars on a terminal, and lines elsewhere.
    pub fn mode(&self) -> Mode {
        match self.setting.map(str::trim) {
            Some("bar") => Mode::Bar { in_colour: self.in_colour() },
            Some("plain") => Mode::Plain,
            Some("json") => Mode::Json,
            Some("off") => Mode::Off,
            _ if self.is_terminal && !self.is_dumb() => Mode::Bar { in_colour: self.in_colour() },
            _ => Mode::Plain,
        }
    }

    /// One line about a setting that is none, which then counts as `auto`.
    pub fn complaint(&self) -> Option<String> {
        let known = ["", "auto", "bar", "plain", "json", "off"];
        let unknown = self.setting.filter(|setting| !known.contains(&setting.trim()))?;
        Some(format!(
            "workyard: WORKYARD_PROGRESS={unknown:?} is none of auto, bar, plain, json, off; it counts as auto"
        ))
    }

    /// An empty `NO_COLOR` counts as none, as <https://no-color.org> says.
    fn in_colour(&self) -> bool {
        self.is_terminal && !self.is_dumb() && self.no_color.is_none_or(str::is_empty)
    }

    fn is_dumb(&self) -> bool {
        match self.term {
            None | Some("") => !self.needs_no_term,
            Some(term) => term == "dumb",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINAL: Environment<'_> =
        Environment { setting: None, term: Some("xterm"), no_color: None, is_terminal: true, needs_no_term: false };
    const PIPE: Environment<'_> = Environment { is_terminal: false, ..TERMINAL };

    const COLOURED: Mode = Mode::Bar { in_colour: true };
    const GREY: Mode = Mode::Bar { in_colour: false };

    #[test]
    fn a_terminal_has_bars_and_all_else_lines() {
        assert_eq!((TERMINAL.mode(), PIPE.mode()), (COLOURED, Mode::Plain));
        for term in [Some("dumb"), Some(""), None] {
            assert_eq!(Environment { term, ..TERMINAL }.mode(), Mode::Plain, "{term:?}");
        }
        assert_eq!(Environment { term: None, needs_no_term: true, ..TERMINAL }.mode(), COLOURED);
        assert_eq!(Environment { term: Some("dumb"), needs_no_term: true, ..TERMINAL }.mode(), Mode::Plain);
    }

    #[test]
    fn no_color_takes_the_colours_and_not_the_bar() {
        for (no_color, mode) in [(Some("1"), GREY), (Some("0"), GREY), (Some(""), COLOURED), (None, COLOURED)] {
            assert_eq!(Environment { no_color, ..TERMINAL }.mode(), mode, "{no_color:?}");
        }
    }

    #[test]
    fn a_setting_is_obeyed_anywhere() {
        for (setting, on_terminal, on_pipe) in [
            ("auto", COLOURED, Mode::Plain),
            ("bar", COLOURED, GREY),
            ("plain", Mode::Plain, Mode::Plain),
            ("json", Mode::Json, Mode::Json),
            ("off", Mode::Off, Mode::Off),
            ("", COLOURED, Mode::Plain),
            (" json ", Mode::Json, Mode::Json),
        ] {
            for (environment, mode) in [(TERMINAL, on_terminal), (PIPE, on_pipe)] {
                let environment = Environment { setting: Some(setting), ..environment };
                assert_eq!((environment.mode(), environment.complaint()), (mode, None), "{setting:?}");
            }
        }
    }

    #[test]
    fn an_unknown_setting_counts_as_auto_and_is_named() {
        for setting in ["Bar", "yes", "\u{1b}[2K"] {
            let environment = Environment { setting: Some(setting), ..TERMINAL };
            assert_eq!(environment.mode(), COLOURED);
            let complaint = environment.complaint().unwrap();
            assert!(complaint.contains("auto, bar, plain, json, off"), "{complaint}");
            assert!(!complaint.contains(char::is_control), "{complaint:?}");
        }
        assert_eq!(TERMINAL.complaint(), None);
    }
}
