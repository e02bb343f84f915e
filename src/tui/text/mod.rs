//! Long text on a screen: wrapping, markdown, code, growing answers, scrolling, editing.
