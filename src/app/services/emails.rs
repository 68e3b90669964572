//! E-mails, sent by jobs through the actor of their provider.

use std::rc::Rc;

use super::{Parts, Shared};
use crate::actors::jobs::Handler;
use crate::actors::mail;
use crate::app::names::described;
use crate::app::start::secret_of_codes;

pub(super) fn start(shared: &Shared<'_>, parts: &mut Parts) {
    let ground = shared.ground;
    let post = shared.core.post.clone();
    let head = mail::Letterhead { simulated: ground.simulated, ..ground.config.letterhead.clone() };
    let io = ground.io.clone();
    let archive = ground.archive.clone();
    let secret = secret_of_codes(&ground.config);
    let catalogue = ground.catalogue.clone();
    parts.lanes.push(Box::new(move || {
        let sender = mail::Sender {
            archive,
            head,
            post: Box::new(post),
            accounts: Box::new(mail::Registrations::new(io.clone(), secret)),
            describe: Box::new(move |language, slugs| described(&catalogue.now(), language, slugs)),
            io,
        };
        let sender = Rc::new(sender);
        let notices = mail::Notices(Rc::clone(&sender));
        let handlers: Vec<Rc<dyn Handler>> = vec![sender, Rc::new(notices)];
        handlers
    }));
}
