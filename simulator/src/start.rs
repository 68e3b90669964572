//! Starting and ending a simulator.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;

use crate::access::{AxessAccess, DtaAccess, Endpoints, MailgunAccess, Mpay24Access};
use crate::axess::Axess;
use crate::clock::Clock;
use crate::control;
use crate::dta::Dta;
use crate::endpoint::Endpoint;
use crate::faults::Faults;
use crate::goods::Goods;
use crate::mailgun::Mailgun;
use crate::mpay24::Mpay24;
use crate::questions::Questions;
use crate::server::Port;
use crate::supplier::Service;
use crate::tasks::Tasks;
use crate::world::{Slot, World};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of the control side; port 0 picks one.
    pub control: SocketAddr,
    /// Address of the contracts' ports, which are always picked.
    pub listen_ip: IpAddr,
    /// The lift operators; mPAY24 and Mailgun are always there.
    pub contracts: Vec<Contract>,
    /// Milliseconds from PENDING to BOOKED, and again to `BOOKED_AND_TRANSFERRED`, on the
    /// suppliers' clock.
    pub dta_step_ms: u32,
    /// Seconds that an Axess session lives after its login, on the suppliers' clock.
    pub axess_session_seconds: u32,
}

/// One operator's contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Whose system the operator uses.
    pub vendor: Vendor,
    /// The operator's key: lower-case letters, digits and hyphens; one whose products the simulator
    /// knows.
    pub operator: String,
}

/// The two makers of lift access systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// SKIDATA, Direct To Access.
    Dta,
    /// Axess, DCI4WTP.
    Axess,
}

impl Default for Config {
    /// Loopback, any port, every operator that the simulator knows, half a second a step, sessions
    /// of an hour.
    fn default() -> Self {
        let contract =
            |goods: &Goods| Contract { vendor: goods.vendor, operator: goods.operator.to_owned() };
        Self {
            control: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            listen_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            contracts: Goods::all().iter().map(contract).collect(),
            dta_step_ms: 500,
            axess_session_seconds: 3_600,
        }
    }
}

/// A running simulator; it ends when dropped. The ledger lives as long.
#[derive(Debug)]
pub struct Simulator {
    /// Where everything listens.
    pub endpoints: Endpoints,
    tasks: Tasks,
}

impl Simulator {
    /// Ends all ports and waits until their tasks have ended, two seconds at most.
    pub async fn stop(self) {
        self.tasks.stop_and_wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// Starts every supplier and the control side inside the running tokio runtime; all sockets listen
/// when it returns.
/// # Errors
/// An address is not loopback or cannot be bound, or an operator is named twice or unfit for a
/// path.
pub async fn start(config: Config) -> anyhow::Result<Simulator> {
    check(&config)?;
    let tasks = Tasks::new();
    let mut builder = Builder {
        config: &config,
        tasks: tasks.clone(),
        clock: Arc::new(Clock::default()),
        faults: Arc::new(Faults::new()),
        slots: Vec::new(),
    };
    let mut endpoints = Endpoints {
        control: String::new(),
        dta: BTreeMap::new(),
        axess: BTreeMap::new(),
        mpay24: mpay24_access(),
        mailgun: mailgun_access(),
    };
    let dta = builder.dta(&mut endpoints)?;
    let axess = builder.axess(&mut endpoints)?;
    let mpay24 = builder.mpay24(&mut endpoints)?;
    builder.mailgun(&mut endpoints)?;
    let Builder { clock, faults, slots, .. } = builder;
    let world = Arc::new(World {
        clock,
        faults,
        tasks: tasks.clone(),
        slots,
        dta,
        axess,
        mpay24,
        endpoints: std::sync::OnceLock::new(),
    });
    let port = Port::bind(config.control, control::handler(Arc::clone(&world)), &tasks)
        .context("control port")?;
    endpoints.control = format!("http://{}", port.address);
    let endpoints = world.endpoints.get_or_init(|| endpoints).clone();
    Ok(Simulator { endpoints, tasks })
}

fn check(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        config.listen_ip.is_loopback() && config.control.ip().is_loopback(),
        "only loopback addresses"
    );
    let mut seen = std::collections::BTreeSet::new();
    for contract in &config.contracts {
        let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let key = &contract.operator;
        anyhow::ensure!(!key.is_empty() && key.bytes().all(fit), "operator key {key:?} is unfit");
        anyhow::ensure!(seen.insert(key), "operator {key} is named twice");
        let known = Goods::of(key).is_some_and(|goods| goods.vendor == contract.vendor);
        anyhow::ensure!(known, "nothing is known of what {key} sells");
    }
    Ok(())
}

struct Builder<'a> {
    config: &'a Config,
    tasks: Tasks,
    clock: Arc<Clock>,
    faults: Arc<Faults>,
    slots: Vec<Slot>,
}

impl Builder<'_> {
    /// Opens a port for a contract and gives its base address.
    fn open(&mut self, service: Arc<dyn Service>) -> anyhow::Result<String> {
        let asked = Arc::new(Questions::default());
        let endpoint = Endpoint {
            service: Arc::clone(&service),
            asked: Arc::clone(&asked),
            clock: Arc::clone(&self.clock),
            faults: Arc::clone(&self.faults),
            tasks: self.tasks.clone(),
        };
        let address = SocketAddr::from((self.config.listen_ip, 0));
        let port = Port::bind(address, endpoint.handler(), &self.tasks).context("contract port")?;
        let base = format!("http://{}", port.address);
        self.slots.push(Slot { service, asked, port });
        Ok(base)
    }

    fn operators(&self, vendor: Vendor) -> Vec<(String, &'static Goods)> {
        let theirs = self.config.contracts.iter().filter(|contract| contract.vendor == vendor);
        theirs
            .filter_map(|contract| {
                Some((contract.operator.clone(), Goods::of(&contract.operator)?))
            })
            .collect()
    }

    fn dta(&mut self, endpoints: &mut Endpoints) -> anyhow::Result<BTreeMap<String, Arc<Dta>>> {
        let mut all = BTreeMap::new();
        for (operator, goods) in self.operators(Vendor::Dta) {
            let mut access = DtaAccess {
                url: String::new(),
                client_name: "10000001".to_owned(),
                user_name: format!("starjack-{operator}"),
                password: format!("sample-dta-{operator}"),
            };
            let service =
                Dta::new(goods, access.clone(), Arc::clone(&self.clock), self.config.dta_step_ms);
            let service = Arc::new(service);
            access.url =
                self.open(Arc::<Dta>::clone(&service))? + "/dta/webservice/sc/v10/services";
            endpoints.dta.insert(operator.clone(), access);
            all.insert(operator, service);
        }
        Ok(all)
    }

    fn axess(&mut self, endpoints: &mut Endpoints) -> anyhow::Result<BTreeMap<String, Arc<Axess>>> {
        let mut all = BTreeMap::new();
        for (operator, goods) in self.operators(Vendor::Axess) {
            let mut access = AxessAccess {
                url: String::new(),
                soap_user_name: "soap-starjack".to_owned(),
                soap_password: format!("sample-soap-{operator}"),
                user_name: format!("starjack-{operator}"),
                password: format!("sample-axess-{operator}"),
                project_no: goods.project_no,
                wtp_profile_no: 1,
            };
            let seconds = self.config.axess_session_seconds;
            let service =
                Arc::new(Axess::new(goods, access.clone(), Arc::clone(&self.clock), seconds));
            access.url = self.open(Arc::<Axess>::clone(&service))? + crate::axess::PATH;
            endpoints.axess.insert(operator.clone(), access);
            all.insert(operator, service);
        }
        Ok(all)
    }

    fn mpay24(&mut self, endpoints: &mut Endpoints) -> anyhow::Result<Arc<Mpay24>> {
        let (clock, faults) = (Arc::clone(&self.clock), Arc::clone(&self.faults));
        let service =
            Arc::new(Mpay24::new(endpoints.mpay24.clone(), clock, faults, self.tasks.clone()));
        let base = self.open(Arc::<Mpay24>::clone(&service))?;
        endpoints.mpay24.url = format!("{base}{}", crate::mpay24::PATH);
        service.listens_at(base);
        Ok(service)
    }

    fn mailgun(&mut self, endpoints: &mut Endpoints) -> anyhow::Result<()> {
        let service = Mailgun::new(endpoints.mailgun.clone(), Arc::clone(&self.clock));
        endpoints.mailgun.url = self.open(Arc::new(service))?;
        Ok(())
    }
}

fn mpay24_access() -> Mpay24Access {
    Mpay24Access {
        url: String::new(),
        merchant_id: "90000".to_owned(),
        password: "sample-mpay24".to_owned(),
    }
}

fn mailgun_access() -> MailgunAccess {
    MailgunAccess {
        url: String::new(),
        domain: "mail.starjack.example".to_owned(),
        key: "sample-mailgun-key".to_owned(),
    }
}
