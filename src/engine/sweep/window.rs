//! How many addresses are tried at once.

/// Addresses at once: as many as hosts may be asked at once where most answer, and more where most
/// are dark, since a connection that nobody answers costs next to nothing but its time.
///
/// Each dark address makes room for one more; hosts that have to wait for their turns, with their
/// connections open, halve it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    size: usize,
    least: usize,
    most: usize,
}

impl Window {
    pub(super) fn new(hosts: usize, most: usize) -> Self {
        let least = hosts.max(1);
        Self { size: least, least, most: most.max(least) }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Nobody answered at an address.
    pub(super) fn dark(&mut self) {
        self.size = self.most.min(self.size + 1);
    }

    /// The most that it may be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Hosts have answered and have to wait.
    pub(super) fn crowded(&mut self) {
        self.size = self.least.max(self.size / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_addresses_widen_it_and_waiting_hosts_narrow_it() {
        let mut window = Window::new(4, 6);
        assert_eq!(window.size(), 4);
        for size in [5, 6, 6] {
            window.dark();
            assert_eq!(window.size(), size);
        }
        for size in [4, 4] {
            window.crowded();
            assert_eq!(window.size(), size);
        }
        assert_eq!(Window::new(0, 0).size(), 1, "there is always one");
    }
}
